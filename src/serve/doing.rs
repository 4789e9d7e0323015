//! The pages that act: the confirmation of an action, and the output of its command.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Extension, Path, Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::act::{Verb, Wanted, line, look_of, typed};
use super::answers::Status;
use super::guard::Shown;
use super::page::{page, problem, shown};
use super::server::{Server, Trouble};
use crate::plan::WorkRef;

/// How long a page waits for a command; a slower command continues.
const PATIENCE: Duration = Duration::from_secs(20);
/// The most output of a command to show.
const SAID: u64 = 64 << 10;

/// The result of an action.
#[derive(Debug, Serialize)]
pub struct ActionResult {
    /// The command line.
    pub command: String,
    /// Its exit code; `None` while it is running.
    pub code: Option<i32>,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

/// Asks for confirmation. Changes nothing.
pub async fn ask(
    State(server): State<Arc<Server>>,
    Path(verb): Path<String>,
    Query(wanted): Query<Wanted>,
    uri: Uri,
) -> Response {
    let Some(verb) = Verb::named(&verb) else {
        return Trouble::missing("there is no such action").answer(&uri);
    };
    question(&server, verb, &wanted, &uri).await
}

/// Runs the action, or asks first when the form was not confirmed.
pub async fn act(
    State(server): State<Arc<Server>>,
    Path(verb): Path<String>,
    Extension(entry): Extension<Shown>,
    uri: Uri,
    body: Bytes,
) -> Response {
    let Some(verb) = Verb::named(&verb) else {
        return Trouble::missing("there is no such action").answer(&uri);
    };
    let wanted: Wanted = match read(&body) {
        Ok(wanted) => wanted,
        Err(why) => return problem(&uri, StatusCode::BAD_REQUEST, &why, &[]),
    };
    if entry == Shown::Cookie && !server.token.is_form_key(&wanted.key) {
        let why = "this form is not from here, or too old: load the page again";
        return problem(&uri, StatusCode::FORBIDDEN, why, &[]);
    }
    match perform(&server, verb, &wanted).await {
        Ok((work, done)) => {
            let plan = work.plan.to_string();
            let values =
                context! { label => verb.label(), what => work.to_string(), plan, done => shown(&done) };
            page(&server, "act.html", "act", values).await
        }
        Err(trouble) => trouble.answer(&uri),
    }
}

/// Reads a form.
fn read(body: &Bytes) -> Result<Wanted, String> {
    let uri = format!("/?{}", String::from_utf8_lossy(body));
    let uri: Uri = uri.parse().map_err(|_| "this is no form".to_owned())?;
    let Query(wanted) = Query::try_from_uri(&uri).map_err(|error| error.to_string())?;
    Ok(wanted)
}

async fn question(server: &Arc<Server>, verb: Verb, wanted: &Wanted, uri: &Uri) -> Response {
    let asked = async {
        let work: WorkRef = wanted
            .what
            .parse()
            .map_err(|_| Trouble::missing("there is no such plan, phase or task"))?;
        let status = server.status().await?;
        let found = status.plans.iter().find(|plan| work.plan.as_str() == plan.name);
        let Some(plan) = found else {
            return Err(Trouble::missing("there is no such plan"));
        };
        let text = wanted.text.trim();
        let mut wanted = wanted.clone();
        let review = match verb == Verb::Review {
            true => server
                .read::<ReadReview>(&["review", "--json", "--", plan.name.as_str()], 0)
                .await
                .ok(),
            false => None,
        };
        if let Some(review) = review.as_ref().filter(|_| wanted.commit.is_empty()) {
            wanted.commit.clone_from(&review.commit);
        }
        let wanted = &wanted;
        let command = match (line(verb, wanted), verb.has_text()) {
            (Ok((_, line)), _) => typed(&line),
            (Err(_), true) => format!("orch {} {work} TEXT", verb.name()),
            (Err(why), false) => return Err(Trouble::missing(why)),
        };
        // A form on another page carries the state that was shown there.
        let seen = wanted.seen.clone().unwrap_or_else(|| look_of(&status, plan));
        let unit = work.to_string();
        let skipped = match verb == Verb::Cancel {
            true => skipped(server, &status, &unit).await,
            false => Vec::new(),
        };
        let about = unit.split_once('.').map(|(_, unit)| unit);
        let open = plan.asks.iter().filter(|ask| match (about, &ask.unit) {
            (Some(unit), Some(own)) => {
                own.as_str() == Some(unit) || own.as_u64().is_some_and(|own| unit.parse() == Ok(own))
            }
            (None, _) | (_, None) => true,
        });
        let asks: Vec<&str> = open.map(|ask| ask.text.as_str()).collect();
        Ok(context! {
            verb => verb.name(), label => verb.label(), follows => verb.follows(), has_text => verb.has_text(),
            what => unit.clone(), plan => shown(plan), command, seen, text, skipped, key => server.token.form_key(),
            commit => wanted.commit.clone(), review => shown(&review),
            asks => shown((verb == Verb::Answer).then_some(asks)),
        })
    };
    match asked.await {
        Ok(values) => page(server, "act.html", "act", values).await,
        Err(trouble) => trouble.answer(uri),
    }
}

/// `orch review --json`.
#[derive(Debug, Serialize, Deserialize)]
struct ReadReview {
    commit: String,
    commits: Vec<ReadCommit>,
    files: Vec<String>,
    added: usize,
    removed: usize,
    verify: Option<String>,
    merge_verify: Option<String>,
    verified: Option<String>,
}

/// A commit of it.
#[derive(Debug, Serialize, Deserialize)]
struct ReadCommit {
    commit: String,
    subject: String,
}

/// A link of `orch graph --json`.
#[derive(Debug, Deserialize)]
struct ReadEdge {
    from: String,
    to: String,
}

/// The links of `orch graph --json`.
#[derive(Debug, Deserialize)]
struct Edges {
    edges: Vec<ReadEdge>,
}

/// The plans that are skipped when this plan is cancelled: its unfinished dependents.
async fn skipped(server: &Server, status: &Status, what: &str) -> Vec<String> {
    let graph = server.read::<Edges>(&["graph", "--json"], 60).await;
    let edges = graph.map(|graph| graph.edges).unwrap_or_default();
    let behind = behind(&edges, what);
    let over = |state: &str| matches!(state, "finished" | "landed" | "failed" | "skipped" | "cancelled");
    let open = status.plans.iter().filter(|plan| !over(&plan.state));
    let names = open.map(|plan| plan.name.clone());
    names.filter(|name| behind.contains(name.as_str())).collect()
}

/// Other plans that can be reached from this one.
fn behind<'e>(edges: &'e [ReadEdge], what: &str) -> BTreeSet<&'e str> {
    let plan_of = |id: &'e str| id.split(['.', '@']).next().unwrap_or(id);
    let starts = |id: &str| {
        let rest = id.strip_prefix(what);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '@']))
    };
    let mut links: BTreeMap<&str, Vec<&'e str>> = BTreeMap::new();
    for edge in edges {
        links.entry(&edge.from).or_default().push(&edge.to);
    }
    let mut open: Vec<&str> = links.keys().copied().filter(|id| starts(id)).collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        for next in links.get(id).into_iter().flatten() {
            if seen.insert(*next) {
                open.push(next);
            }
        }
    }
    let own = what.split('.').next().unwrap_or(what);
    seen.into_iter()
        .map(plan_of)
        .filter(|plan| *plan != own)
        .collect()
}

/// Runs the command of an action.
///
/// # Errors
///
/// When the action makes no sense, or was decided on an outdated state.
pub async fn perform(
    server: &Arc<Server>,
    verb: Verb,
    wanted: &Wanted,
) -> Result<(WorkRef, ActionResult), Trouble> {
    let refuse = |status, why: String| Trouble {
        status,
        why,
        hints: Vec::new(),
    };
    let (work, line) = line(verb, wanted).map_err(|why| refuse(StatusCode::UNPROCESSABLE_ENTITY, why))?;
    let status = server.status().await?;
    let Some(plan) = status.plans.iter().find(|plan| work.plan.as_str() == plan.name) else {
        return Err(Trouble::missing("there is no such plan"));
    };
    if wanted
        .seen
        .as_ref()
        .is_some_and(|seen| *seen != look_of(&status, plan))
    {
        let why = plan.why.first().map(|why| format!(": {why}")).unwrap_or_default();
        return Err(refuse(
            StatusCode::CONFLICT,
            format!(
                "nothing was done: {} has changed since you looked; it is {} now{why}",
                plan.name, plan.state
            ),
        ));
    }
    let done = run(server, &line).await.map_err(|error| {
        refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("cannot start a command: {error}"),
        )
    });
    server.looks.outdate();
    Ok((work, done?))
}

/// Runs a command that changes something. The command must survive a viewer who goes away, so it writes to files, not to
/// a pipe.
async fn run(server: &Arc<Server>, line: &[String]) -> std::io::Result<ActionResult> {
    let (out, err) = (tempfile::tempfile()?, tempfile::tempfile()?);
    let mut command = server.looks.program().command(line);
    command.stdout(out.try_clone()?).stderr(err.try_clone()?);
    let mut child = command.spawn()?;
    let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
    let code = match ended {
        Ok(status) => Some(status?.code().unwrap_or(-1)),
        Err(_) => {
            let server = server.clone();
            tokio::spawn(async move {
                let _ = child.wait().await;
                server.looks.outdate();
            });
            None
        }
    };
    let said = |mut file: std::fs::File| {
        let mut text = Vec::new();
        file.rewind()?;
        file.take(SAID).read_to_end(&mut text)?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&text).into_owned())
    };
    Ok(ActionResult {
        command: typed(line),
        code,
        out: said(out)?,
        err: said(err)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_a_plan_is_what_waits_for_it_also_through_others() {
        let edge = |(from, to): (&str, &str)| ReadEdge {
            from: from.to_owned(),
            to: to.to_owned(),
        };
        let edges = [
            ("a.1", "a"),
            ("a", "a@landed"),
            ("a@landed", "b.1.1"),
            ("b.1", "c.1"),
            ("b.1.1", "b.1"),
            ("a2", "d"),
        ];
        let edges = edges.map(edge);
        let found = |what| behind(&edges, what).into_iter().collect::<Vec<_>>();
        assert_eq!(found("a"), ["b", "c"]);
        assert_eq!(found("a.1"), ["b", "c"]);
        assert_eq!(found("b.1"), ["c"]);
        assert_eq!(found("c"), Vec::<&str>::new());
    }
}
