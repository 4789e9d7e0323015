//! All addresses with their handlers, and the description of those for scripts.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, Uri, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use serde_json::{Value, json};

use super::door::Listener;
use super::guard::guard;
use super::server::Server;
use super::{api, doing, page, pages, picture, stream};

type Answers = MethodRouter<Arc<Server>>;

/// The addresses for scripts: path, method, description, and content type.
const API: [(&str, &str, &str, &str); 11] = [
    (
        "/api/v1/status",
        "get",
        "What `orch status --json` prints.",
        "application/json",
    ),
    (
        "/api/v1/plans/{plan}/{what}",
        "get",
        "About one plan: `status` and `why` as `--json` prints them, `log` and `diff` as text.",
        "application/json",
    ),
    (
        "/api/v1/train",
        "get",
        "What `orch train --json` prints.",
        "application/json",
    ),
    (
        "/api/v1/digest",
        "get",
        "What `orch digest --since WHEN --json` prints; `?since=` is 24h where it is not given.",
        "application/json",
    ),
    (
        "/api/v1/graph",
        "get",
        "What `orch graph --json` prints.",
        "application/json",
    ),
    (
        "/api/v1/report",
        "get",
        "What `orch report --json` prints.",
        "application/json",
    ),
    (
        "/api/v1/history",
        "get",
        "What `orch history --json` prints.",
        "application/json",
    ),
    (
        "/api/v1/events",
        "get",
        "What `orch events --json --after SEQ` prints, one event a line; of very many the first.",
        "text/plain",
    ),
    (
        "/api/v1/stream",
        "get",
        "Events as they happen, as server-sent events: `id` is the journal's `seq`. Begins after `Last-Event-ID`, else after \
         `?after=SEQ`, else now.",
        "text/event-stream",
    ),
    (
        "/api/v1/actions/{verb}",
        "post",
        "Runs `orch VERB`: answer, approve, review, retry, pause, resume, cancel, send or merge. The body is `{what, text}`, of `review` `{what, commit}`; with `question`, `answer` answers no other.",
        "application/json",
    ),
    (
        "/api/v1/openapi.json",
        "get",
        "This description.",
        "application/json",
    ),
];

/// The handler for an address of the table.
fn of_script(path: &str) -> Option<Answers> {
    Some(match path {
        "/api/v1/status" => get(api::status),
        "/api/v1/plans/{plan}/{what}" => get(api::of_plan),
        "/api/v1/train" => get(api::train),
        "/api/v1/digest" => get(api::digest),
        "/api/v1/graph" => get(api::graph),
        "/api/v1/report" => get(api::report),
        "/api/v1/history" => get(api::history),
        "/api/v1/events" => get(api::events),
        "/api/v1/stream" => get(stream::stream),
        "/api/v1/actions/{verb}" => post(api::act),
        "/api/v1/openapi.json" => get(openapi),
        _ => return None,
    })
}

/// All addresses.
fn router(server: Arc<Server>) -> Router {
    let mut router = Router::new()
        .route("/", get(pages::fleet))
        .route("/plans/{plan}", get(pages::plan))
        .route("/plans/{plan}/log", get(pages::log))
        .route("/plans/{plan}/log.txt", get(pages::log_text))
        .route("/plans/{plan}/diff", get(pages::diff))
        .route("/train", get(picture::train))
        .route("/timeline", get(picture::timeline))
        .route("/graph", get(picture::graph))
        .route("/events", get(pages::events))
        .route("/runs", get(picture::runs))
        .route("/runs/{run}", get(picture::run_timeline))
        .route("/act/{verb}", get(doing::ask).post(doing::act))
        .route(
            "/static/{file}",
            get(|Path(file): Path<String>| async move { page::file(&file) }),
        );
    for (path, ..) in API {
        if let Some(answers) = of_script(path) {
            router = router.route(path, answers);
        }
    }
    router
        .fallback(nothing)
        .method_not_allowed_fallback(other_method)
        .layer(from_fn_with_state(server.clone(), guard))
        .with_state(server)
}

async fn nothing(uri: Uri) -> Response {
    let why = "there is nothing at this address";
    page::problem(&uri, StatusCode::NOT_FOUND, why, &[])
}

async fn other_method(uri: Uri) -> Response {
    let why = "this address takes another method; /api/v1/openapi.json says which";
    page::problem(&uri, StatusCode::METHOD_NOT_ALLOWED, why, &[])
}

async fn openapi() -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, description().to_string()).into_response()
}

/// The OpenAPI description of the addresses for scripts.
fn description() -> Value {
    let mut paths: BTreeMap<&str, Value> = BTreeMap::new();
    for (path, method, summary, kind) in API {
        let names = path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let mut parameters: Vec<Value> = names
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
            .collect();
        if path.ends_with("/digest") {
            parameters.push(json!({"name": "since", "in": "query", "schema": {"type": "string"}}));
        }
        if path.ends_with("/events") || path.ends_with("/stream") {
            parameters.push(json!({"name": "after", "in": "query", "schema": {"type": "integer"}}));
        }
        let mut operation = json!({
            "summary": summary,
            "parameters": parameters,
            "responses": {
                "200": {"description": "the answer", "content": {kind: {}}},
                "default": {"description": "why there is none: {schema, error, hints}", "content": {"application/json": {}}},
            },
        });
        if method == "post" {
            operation["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": {
                "type": "object",
                "required": ["what"],
                "properties": {
                    "what": {"type": "string"}, "text": {"type": "string"},
                    "commit": {"type": "string"}, "question": {"type": "string"},
                },
            }}}});
        }
        paths.insert(path, json!({method: operation}));
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "orch serve", "version": env!("CARGO_PKG_VERSION")},
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}],
        "paths": paths,
    })
}

/// Serves for ever.
pub async fn serve(server: Arc<Server>, listener: Listener) {
    let router = router(server.clone());
    tokio::join!(listener.serve(router), server.news.watch());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_described_address_has_an_answer() {
        for (path, ..) in API {
            assert!(of_script(path).is_some(), "{path}");
        }
    }
}
