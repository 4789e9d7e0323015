//! The read-only pages: all plans, one plan, its log and its changes, events, and runs.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use minijinja::context;
use minijinja::value::Value;
use serde::Deserialize;

use super::act::{look_of, offered};
use super::answers::{Keep, Looked, Wish};
use super::answers::{ReadAttempt, ReadPlan};
use super::conversation::conversation;
use super::diff::{FileCounts, FileDiff, changed, diff_line, files};
use super::fleet::{Age, Fleet, FleetRow, about};
use super::page::{page, shown, visible};
use super::server::{Server, Trouble};
use crate::journal::{Columns, JournalError, JournalReader, Record};
use crate::plan::{Currency, PlanName};
use crate::report::{detail, span};
use crate::schedule::Event;

/// The most of a log that a page shows: its end.
const LOG: usize = 128 << 10;
/// The most of a diff that a page shows: its beginning.
const DIFF: usize = 2 << 20;
/// The number of events on a page.
const EVENTS: i64 = 200;

/// All plans.
pub async fn fleet(State(server): State<Arc<Server>>, uri: Uri) -> Response {
    match server.status().await {
        Ok(status) => {
            let fleet = Fleet::of(&status, Timestamp::now());
            let status = context! {
                run => status.run, state => status.state, target => status.target.name,
            };
            page(
                &server,
                "fleet.html",
                "fleet",
                context! { fleet => shown(fleet), status },
            )
            .await
        }
        Err(trouble) => trouble.answer(&uri),
    }
}

/// One plan.
pub async fn plan(State(server): State<Arc<Server>>, Path(name): Path<String>, uri: Uri) -> Response {
    match one_plan(&server, &name).await {
        Ok(values) => page(&server, "plan.html", "plan", values).await,
        Err(trouble) => trouble.answer(&uri),
    }
}

/// The output of `orch why --json`.
#[derive(Debug, Deserialize)]
struct ReadWhy {
    why: Vec<String>,
    remedies: Vec<String>,
}

async fn one_plan(server: &Arc<Server>, name: &str) -> Result<Value, Trouble> {
    let status = server.status().await?;
    let Some(plan) = status.plans.iter().find(|plan| plan.name == name) else {
        return Err(Trouble::missing("there is no such plan"));
    };
    let (why, changed, log, turns) = tokio::join!(
        async { server.read::<ReadWhy>(&["why", "--json", "--", name], 5).await },
        changes(server, name),
        log_of(server, plan, None),
        conversation(server, name),
    );
    let now = Timestamp::now();
    let turns: Vec<Value> = turns
        .iter()
        .map(|turn| context! { since => shown(Age::of(turn.at, now)), ..shown(turn) })
        .collect();
    let attempts: Vec<Value> = plan.attempts.iter().rev().map(|own| attempt(own, now)).collect();
    let seen = look_of(&status, plan);
    let needs = status
        .attention
        .iter()
        .filter(|item| item.plan.as_deref() == Some(name));
    let needs: Vec<_> = needs.collect();
    // A retry is for work. These wait with work that is done.
    let lands = needs
        .iter()
        .any(|item| matches!(item.kind.as_str(), "review" | "conflict"));
    let mut offers = offered(plan);
    offers.retain(|offer| !lands || offer.verb != "retry");
    // A reason that is shown as a need above is not repeated.
    let mut of_why = why.unwrap_or_else(|_| ReadWhy {
        why: plan.why.clone(),
        remedies: Vec::new(),
    });
    of_why
        .why
        .retain(|reason| needs.iter().all(|item| item.text != *reason));
    of_why
        .remedies
        .retain(|remedy| needs.iter().all(|item| item.command.as_ref() != Some(remedy)));
    let needs: Vec<_> = needs
        .into_iter()
        .map(|item| context! { item => shown(item), offer => shown(item.command.as_deref().and_then(super::act::settles)) })
        .collect();
    Ok(context! {
        plan => shown(plan), attempts, turns, changed => shown(changed), log, seen, needs,
        row => shown(FleetRow::of(plan, now)),
        reasons => of_why.why, remedies => of_why.remedies,
        offers => shown(offers),
        eta => plan.eta_s.map(about),
        since => shown(plan.since.map(|at| Age::of(at, now))),
    })
}

fn attempt(own: &ReadAttempt, now: Timestamp) -> Value {
    let took = own
        .started_at
        .map(|from| own.ended_at.unwrap_or(now).duration_since(from));
    let took = took.map(|took| span(Duration::try_from(took).unwrap_or_default()));
    let end = match &own.exit {
        serde_json::Value::Null => None,
        serde_json::Value::Number(code) => Some(format!("exit {code}")),
        serde_json::Value::String(word) => Some(word.replace('_', " ")),
        other => Some(other.to_string()),
    };
    let said = own.facts["end"]["text"].as_str();
    context! { own => shown(own), took, end, said, since => shown(own.started_at.map(|at| Age::of(at, now))) }
}

/// The files that a plan changed; empty while it has no branch.
async fn changes(server: &Server, name: &str) -> Vec<FileCounts> {
    let line = [
        "diff",
        name,
        "--",
        "--numstat",
        "--no-color",
        "--no-ext-diff",
        "-z",
    ];
    match server.ask(&line, 5).await {
        Ok(looked) => changed(&looked.text()),
        Err(_) => Vec::new(),
    }
}

/// The wanted log.
#[derive(Debug, Default, Deserialize)]
pub struct LogWish {
    attempt: Option<String>,
    #[serde(default)]
    verify: bool,
}

/// The end of a log as plain text.
async fn log_of(server: &Server, plan: &ReadPlan, attempt: Option<&str>) -> String {
    let line = match attempt {
        Some("verify") => vec!["logs", "--verify", "--", &plan.name],
        Some(attempt) => vec!["logs", "--attempt", attempt, "--", &plan.name],
        None if plan.attempts.is_empty() => return String::new(),
        None => vec!["logs", "--", &plan.name],
    };
    let wish = Wish {
        holds: Duration::from_millis(1500),
        keep: Keep::Tail(LOG),
    };
    let looked = server.looks.look(&line, wish).await;
    match looked.code {
        Some(0) => whole_lines(&looked),
        Some(_) | None => Trouble::of(&looked).why,
    }
}

/// Drops the rest of a line whose beginning is missing.
fn whole_lines(looked: &Looked) -> String {
    let text = looked.text();
    let text = match looked.cut {
        true => text.split_once('\n').map_or("", |(_, rest)| rest),
        false => &text,
    };
    visible(text)
}

/// The wanted attempt, if the plan has it: any other name must not become part of a command line.
fn wanted<'w>(plan: &ReadPlan, wish: &'w LogWish) -> Result<Option<&'w str>, Trouble> {
    match &wish.attempt {
        _ if wish.verify => Ok(Some("verify")),
        None => Ok(None),
        Some(wanted) if plan.attempts.iter().any(|own| own.id == *wanted) => Ok(Some(wanted)),
        Some(_) => Err(Trouble::missing("the plan has had no such attempt")),
    }
}

/// The plan, the name of its log, and the log.
async fn wanted_log<'w>(
    server: &Server,
    name: &str,
    wish: &'w LogWish,
) -> Result<(ReadPlan, Option<&'w str>, String), Trouble> {
    let plan = server.plan(name).await?;
    let which = wanted(&plan, wish)?;
    let log = log_of(server, &plan, which).await;
    Ok((plan, which, log))
}

/// A log on a page of its own.
pub async fn log(
    State(server): State<Arc<Server>>,
    Path(name): Path<String>,
    Query(wish): Query<LogWish>,
    uri: Uri,
) -> Response {
    match wanted_log(&server, &name, &wish).await {
        Ok((plan, which, log)) => {
            page(
                &server,
                "log.html",
                "plan",
                context! { plan => shown(plan), log, which },
            )
            .await
        }
        Err(trouble) => trouble.answer(&uri),
    }
}

/// The log as plain text, for following it.
pub async fn log_text(
    State(server): State<Arc<Server>>,
    Path(name): Path<String>,
    Query(wish): Query<LogWish>,
    uri: Uri,
) -> Response {
    match wanted_log(&server, &name, &wish).await {
        Ok((_, _, log)) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], log).into_response(),
        Err(trouble) => trouble.answer(&uri),
    }
}

/// The changes of a plan, file by file.
pub async fn diff(State(server): State<Arc<Server>>, Path(name): Path<String>, uri: Uri) -> Response {
    let found = async {
        let plan = server.plan(&name).await?;
        let wish = Wish {
            holds: Duration::from_secs(5),
            keep: Keep::Head(DIFF),
        };
        let looked = server.looks.look(&diff_line(&name), wish).await;
        if looked.code != Some(0) && !looked.cut {
            return Err(Trouble::of(&looked));
        }
        let files: Vec<FileDiff> = files(&looked.text());
        Ok(context! { plan => shown(plan), files => shown(files), cut => looked.cut })
    };
    match found.await {
        Ok(values) => page(&server, "diff.html", "plan", values).await,
        Err(trouble) => trouble.answer(&uri),
    }
}

/// The wanted events.
#[derive(Debug, Default, Deserialize)]
pub struct EventsWish {
    before: Option<i64>,
    plan: Option<String>,
}

/// The last events, newest first.
pub async fn events(State(server): State<Arc<Server>>, Query(wish): Query<EventsWish>, uri: Uri) -> Response {
    let dir = server.dir.clone();
    let EventsWish { before, plan } = wish;
    if plan
        .as_ref()
        .is_some_and(|name| name.parse::<PlanName>().is_err())
    {
        return Trouble::missing("there is no such plan").answer(&uri);
    }
    let last = server.news.now().await.seq;
    let to = before.unwrap_or(last + 1).clamp(1, last + 1);
    let wanted = plan.clone();
    let read = move || -> Result<Vec<Record>, JournalError> {
        let Some(reader) = JournalReader::open(&dir)? else {
            return Ok(Vec::new());
        };
        let from = match wanted {
            Some(_) => 0,
            None => (to - 1 - EVENTS).max(0),
        };
        let mut records = reader.after(from, wanted.as_deref())?;
        records.retain(|record| record.seq < to);
        records.reverse();
        records.truncate(usize::try_from(EVENTS).unwrap_or_default());
        Ok(records)
    };
    let found = tokio::task::spawn_blocking(read).await;
    match found {
        Ok(Ok(records)) => {
            let earlier = records.last().map(|record| record.seq).filter(|first| *first > 1);
            // Only costs need the status, which takes far longer than the events.
            let costs = records
                .iter()
                .any(|record| matches!(record.event, Event::AgentUsage(_)));
            let currency = match costs {
                true => server
                    .status()
                    .await
                    .map(|status| status.spent.currency)
                    .unwrap_or_default(),
                false => Currency::default(),
            };
            let value = |record: &Record| {
                let columns = Columns::of(&record.event);
                context! {
                    seq => record.seq, at => record.wall.to_string(), event => columns.event, plan => columns.plan,
                    what => detail(&record.event, currency),
                }
            };
            let events: Vec<Value> = records.iter().map(value).collect();
            page(
                &server,
                "events.html",
                "events",
                context! { events, earlier, plan, before },
            )
            .await
        }
        Ok(Err(error)) => Trouble {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            why: error.to_string(),
            hints: Vec::new(),
        }
        .answer(&uri),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
