//! Pages from templates. All values are escaped: text of agents is never markup, and contains no terminal control
//! characters.

use std::sync::{Arc, LazyLock};

use crate::plan::is_unprintable;
use crate::report::TIMELINE_STYLE;
use crate::words::cost;
use axum::http::header;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use minijinja::value::{Serde, ValueKind};
use minijinja::{Environment, Value, context};
use serde::Serialize;

use super::fleet::sign;
use super::server::{Server, Trouble};

/// The templates, and the files that pages refer to.
const TEMPLATES: [(&str, &str); 12] = [
    ("parts.html", include_str!("../../templates/serve/parts.html")),
    ("base.html", include_str!("../../templates/serve/base.html")),
    ("fleet.html", include_str!("../../templates/serve/fleet.html")),
    ("plan.html", include_str!("../../templates/serve/plan.html")),
    ("log.html", include_str!("../../templates/serve/log.html")),
    ("diff.html", include_str!("../../templates/serve/diff.html")),
    ("act.html", include_str!("../../templates/serve/act.html")),
    ("train.html", include_str!("../../templates/serve/train.html")),
    ("events.html", include_str!("../../templates/serve/events.html")),
    ("runs.html", include_str!("../../templates/serve/runs.html")),
    ("picture.html", include_str!("../../templates/serve/picture.html")),
    ("problem.html", include_str!("../../templates/serve/problem.html")),
];

/// Files that need no token: they are the same for everybody.
const FILES: [(&str, &str, &str); 4] = [
    ("timeline.css", "text/css; charset=utf-8", TIMELINE_STYLE),
    (
        "orch.css",
        "text/css; charset=utf-8",
        include_str!("../../templates/serve/orch.css"),
    ),
    (
        "orch.js",
        "text/javascript; charset=utf-8",
        include_str!("../../templates/serve/orch.js"),
    ),
    (
        "orch.svg",
        "image/svg+xml",
        include_str!("../../templates/serve/orch.svg"),
    ),
];

static PAGES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut pages = Environment::new();
    pages.set_formatter(|out, state, value| match value.kind() {
        ValueKind::String if !value.is_safe() => {
            let text = visible(value.as_str().unwrap_or_default());
            minijinja::escape_formatter(out, state, &Value::from(text))
        }
        _ => minijinja::escape_formatter(out, state, value),
    });
    pages.add_filter("sign", |state: &str| sign(state));
    pages.add_filter("money", |amount: f64, currency: &str| {
        cost(amount, currency.parse().unwrap_or_default())
    });
    pages.add_filter("short", |id: &str| id.chars().take(10).collect::<String>());
    for (name, text) in TEMPLATES {
        // The templates are part of the program, and a test loads all of them.
        let _ = pages.add_template(name, text);
    }
    pages
});

/// Text without escape sequences, and with a visible sign for each unprintable character.
pub fn visible(text: &str) -> String {
    let plain = anstream::adapter::strip_str(text).to_string();
    let shown = |c: char| match c {
        '\n' | '\t' => c,
        c if is_unprintable(c) => '\u{fffd}',
        c => c,
    };
    plain.replace("\r\n", "\n").chars().map(shown).collect()
}

/// A value for a template.
pub fn shown<T: Serialize>(value: T) -> Value {
    Value::from(Serde(value))
}

/// A file that pages refer to.
pub fn file(name: &str) -> Response {
    match FILES.iter().find(|(own, ..)| *own == name) {
        Some((_, kind, text)) => (
            [(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, "no-cache")],
            *text,
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A page of the server; `here` is its entry in the navigation.
pub async fn page(server: &Arc<Server>, template: &str, here: &str, values: Value) -> Response {
    let mark = server.news.now().await;
    render(
        StatusCode::OK,
        template,
        context! {
            here, repo => &*server.name, seq => mark.seq, driven => mark.driven, readonly => server.readonly, ..values
        },
    )
}

/// The page that says why there is no page, or the answer that says so to a script.
pub fn problem(uri: &Uri, status: StatusCode, why: &str, hints: &[String]) -> Response {
    if is_for_scripts(uri) {
        let answer = serde_json::json!({
            "schema": crate::journal::SCHEMA,
            "error": why,
            "hints": hints,
        });
        return (
            status,
            [(header::CONTENT_TYPE, "application/json")],
            answer.to_string(),
        )
            .into_response();
    }
    let code = status.as_u16();
    render(
        status,
        "problem.html",
        context! { code, why, hints => shown(hints), bare => true },
    )
}

impl Trouble {
    /// The answer for this request.
    pub fn answer(self, uri: &Uri) -> Response {
        problem(uri, self.status, &self.why, &self.hints)
    }
}

/// Fills a template.
pub fn render(status: StatusCode, template: &str, values: Value) -> Response {
    let text = PAGES.get_template(template).and_then(|page| page.render(values));
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    match text {
        Ok(text) => (status, kind, text).into_response(),
        // One of our templates is wrong; the page would be incomplete.
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// True for answers to scripts.
pub fn is_for_scripts(uri: &Uri) -> bool {
    uri.path().starts_with("/api/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_can_be_read() {
        for (name, _) in TEMPLATES {
            assert!(PAGES.get_template(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn orders_to_terminals_and_turned_text_are_plain_to_see() {
        assert_eq!(
            visible("a\u{1b}[31mred\u{1b}[0m\u{1b}]0;title\u{7}b\r\nc\td"),
            "aredb\nc\td"
        );
        assert_eq!(visible("x\u{202e}y\u{8}z"), "x\u{fffd}yz");
    }
}
