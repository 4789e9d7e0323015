//! The interface for scripts: the output of commands with `--json`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::{self, HeaderMap};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::act::{Verb, Wanted};
use super::answers::{Keep, Wish};
use super::diff::diff_line;
use super::doing::perform;
use super::page::problem;
use super::server::{Server, Trouble};

/// The most bytes of events and logs in one answer.
const LONG: usize = 16 << 20;

async fn asked(server: &Server, line: &[&str], kind: &'static str, uri: &Uri) -> Response {
    match server.ask(line, 5).await {
        Ok(looked) => ([(header::CONTENT_TYPE, kind)], looked.out.clone()).into_response(),
        Err(trouble) => trouble.answer(uri),
    }
}

const JSON: &str = "application/json";

/// `orch status --json`.
pub async fn status(State(server): State<Arc<Server>>, uri: Uri) -> Response {
    asked(&server, &["status", "--json"], JSON, &uri).await
}

/// `orch train --json`.
pub async fn train(State(server): State<Arc<Server>>, uri: Uri) -> Response {
    asked(&server, &["train", "--json"], JSON, &uri).await
}

/// `orch history --json`.
pub async fn history(State(server): State<Arc<Server>>, uri: Uri) -> Response {
    asked(&server, &["history", "--json"], JSON, &uri).await
}

/// `orch report --json`.
pub async fn report(State(server): State<Arc<Server>>, uri: Uri) -> Response {
    asked(&server, &["report", "--json"], JSON, &uri).await
}

/// Where a digest begins.
#[derive(Debug, Deserialize)]
pub struct StreamStart {
    since: Option<String>,
}

/// `orch digest --since WHEN --json`. The beginning of a person's next digest stays the same.
pub async fn digest(
    State(server): State<Arc<Server>>,
    Query(StreamStart { since }): Query<StreamStart>,
    uri: Uri,
) -> Response {
    // In one argument, so that the value cannot be an option of its own.
    let since = format!("--since={}", since.as_deref().unwrap_or("24h"));
    asked(&server, &["digest", "--json", &since], JSON, &uri).await
}

/// `orch graph --json`.
pub async fn graph(State(server): State<Arc<Server>>, uri: Uri) -> Response {
    asked(&server, &["graph", "--json"], JSON, &uri).await
}

/// `orch status PLAN --json`, `why`, `logs` or `diff`.
pub async fn of_plan(
    State(server): State<Arc<Server>>,
    Path((name, what)): Path<(String, String)>,
    uri: Uri,
) -> Response {
    if let Err(trouble) = server.plan(&name).await {
        return trouble.answer(&uri);
    }
    match what.as_str() {
        "status" => asked(&server, &["status", "--json", "--", &name], JSON, &uri).await,
        "why" => asked(&server, &["why", "--json", "--", &name], JSON, &uri).await,
        "log" => long(&server, &["logs", "--raw", "--", &name], Keep::Tail(LONG), &uri).await,
        "diff" => long(&server, &diff_line(&name), Keep::Head(LONG), &uri).await,
        _ => Trouble::missing("there is no such answer about a plan").answer(&uri),
    }
}

/// Where the events begin.
#[derive(Debug, Deserialize)]
pub struct EventsAfter {
    #[serde(default)]
    after: u32,
}

/// `orch events --json --after SEQ`; of very many events the first ones.
pub async fn events(
    State(server): State<Arc<Server>>,
    begin: Result<Query<EventsAfter>, QueryRejection>,
    uri: Uri,
) -> Response {
    let after = match begin {
        Ok(Query(EventsAfter { after })) => after.to_string(),
        Err(rejected) => return Trouble::unreadable(rejected.body_text()).answer(&uri),
    };
    let line = ["events", "--json", "--after", &after];
    long(&server, &line, Keep::Head(LONG), &uri).await
}

async fn long(server: &Server, line: &[&str], keep: Keep, uri: &Uri) -> Response {
    let wish = Wish {
        holds: Duration::from_secs(2),
        keep,
    };
    let looked = server.looks.look(line, wish).await;
    if looked.code != Some(0) && !looked.cut {
        return Trouble::of(&looked).answer(uri);
    }
    let mut out = looked.out.clone();
    if looked.cut && matches!(keep, Keep::Head(_)) {
        // The last line may be incomplete.
        out.truncate(out.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
    }
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], out).into_response()
}

/// An action, as JSON `{what, text, seen}`.
pub async fn act(
    State(server): State<Arc<Server>>,
    Path(verb): Path<String>,
    headers: HeaderMap,
    uri: Uri,
    body: Bytes,
) -> Response {
    let Some(verb) = Verb::named(&verb) else {
        return Trouble::missing("there is no such action").answer(&uri);
    };
    // Forms of other pages cannot send this content type.
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    if kind.is_none_or(|kind| !kind.starts_with(JSON)) {
        let why = "send application/json";
        return problem(&uri, StatusCode::UNSUPPORTED_MEDIA_TYPE, why, &[]);
    }
    let wanted: Wanted = match serde_json::from_slice(&body) {
        Ok(wanted) => wanted,
        Err(error) => return problem(&uri, StatusCode::BAD_REQUEST, &error.to_string(), &[]),
    };
    match perform(&server, verb, &wanted).await {
        Ok((_, done)) => {
            let status = match done.code {
                Some(0) => StatusCode::OK,
                Some(_) => StatusCode::CONFLICT,
                None => StatusCode::ACCEPTED,
            };
            let answer = serde_json::json!({
                "schema": crate::journal::SCHEMA,
                "command": done.command,
                "code": done.code,
                "out": done.out,
                "err": done.err,
            });
            (status, [(header::CONTENT_TYPE, JSON)], answer.to_string()).into_response()
        }
        Err(trouble) => trouble.answer(&uri),
    }
}
