//! The pages with pictures, and the pages of runs and of the merge queue.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use jiff::Timestamp;
use minijinja::context;
use minijinja::value::Value;
use serde::{Deserialize, Serialize};

use super::fleet::{Age, Status, about};
use super::page::{page, shown};
use super::server::{Server, Trouble};
use crate::report::span;
use crate::words::rough;

/// The graph with the state of each of its parts.
pub async fn graph(State(server): State<Arc<Server>>, uri: Uri) -> Response {
    let (svg, status) = tokio::join!(server.ask(&["graph", "--format", "svg"], 60), server.status());
    match (svg, status) {
        (Ok(svg), Ok(status)) => {
            let picture = Value::from_safe_string(with_states(svg.text(), &status));
            let (title, hint) = ("Graph", "What waits for what, with the state of each part.");
            let values = context! { title, hint, picture, legend => "graph" };
            page(&server, "picture.html", "graph", values).await
        }
        (Err(trouble), _) | (_, Err(trouble)) => trouble.answer(&uri),
    }
}

/// Adds the state to every shape of the drawing.
fn with_states(mut svg: String, status: &Status) -> String {
    let mut mark = |id: &str, state: &str| {
        let own = format!("data-id=\"{id}\"");
        svg = svg.replace(&own, &format!("{own} class=\"is-{state}\""));
    };
    for plan in &status.plans {
        mark(&plan.name, &plan.state);
        for phase in &plan.phases {
            mark(&format!("{}.{}", plan.name, phase.id), &phase.state);
            for task in phase.tasks.iter().chain(&phase.verify) {
                mark(&format!("{}.{}", plan.name, task.id), &task.state);
            }
        }
        if plan.state == "landed" {
            mark(&format!("{}@landed", plan.name), "landed");
        }
    }
    svg
}

/// The output of `orch report --json`.
#[derive(Debug, Deserialize)]
struct ReadReport {
    report: Run,
}

/// The output of `orch history --json`.
#[derive(Debug, Deserialize)]
struct History {
    runs: Vec<Run>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Run {
    run: String,
    began: Timestamp,
    ended: Option<Timestamp>,
    ending: Option<String>,
    goes_on: bool,
    target: String,
    plans: BTreeMap<String, Story>,
    figures: ReadFigures,
}

#[derive(Debug, Deserialize, Serialize)]
struct Story {
    attempts: Vec<ReadTry>,
    state: Option<String>,
    why: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
struct ReadTry {
    attempt: String,
    agent: Option<String>,
    began: Option<Timestamp>,
    ended: Option<Timestamp>,
    failed: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
struct ReadFigures {
    agent_ms: u64,
    attempts: u64,
    driven_ms: u64,
    failed_attempts: u64,
    mean: f64,
    peak: u64,
    wasted_ms: u64,
}

fn long(ms: u64) -> String {
    span(std::time::Duration::from_millis(ms))
}

/// All runs, newest first.
pub async fn runs(State(server): State<Arc<Server>>, uri: Uri) -> Response {
    let now = Timestamp::now();
    let row = |run: &Run| {
        let figures = &run.figures;
        let mut states: BTreeMap<&str, usize> = BTreeMap::new();
        for state in run.plans.values().filter_map(|plan| plan.state.as_deref()) {
            *states.entry(state).or_default() += 1;
        }
        context! {
            run => shown(run), states => shown(states), began => shown(Age::of(run.began, now)), driven => long(figures.driven_ms),
            agents => long(figures.agent_ms), wasted => long(figures.wasted_ms), mean => format!("{:.1}", figures.mean),
        }
    };
    match server.read::<History>(&["history", "--json"], 30).await {
        Ok(history) => {
            let runs: Vec<Value> = history.runs.iter().rev().map(row).collect();
            page(&server, "runs.html", "runs", context! { runs }).await
        }
        Err(trouble) => trouble.answer(&uri),
    }
}

/// The times of all attempts of the current run.
pub async fn timeline(State(server): State<Arc<Server>>, uri: Uri) -> Response {
    timeline_of(&server, None, &uri).await
}

/// The times of all attempts of a run.
pub async fn run_timeline(State(server): State<Arc<Server>>, Path(run): Path<String>, uri: Uri) -> Response {
    let digits = run.strip_prefix('r').unwrap_or_default();
    match !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => timeline_of(&server, Some(&run), &uri).await,
        false => Trouble::missing("there is no such run").answer(&uri),
    }
}

async fn timeline_of(server: &Arc<Server>, run: Option<&str>, uri: &Uri) -> Response {
    let line: Vec<&str> = ["report", "--json"].into_iter().chain(run).collect();
    let (report, status) = tokio::join!(server.read::<ReadReport>(&line, 5), server.status());
    let drawn = report.and_then(|report| Ok((report.report, status?)));
    match drawn {
        Ok((run, status)) => {
            let picture = Value::from_safe_string(lanes(&run, &status, Timestamp::now()));
            let title = format!("Timeline of {}", run.run);
            let hint = "One row for each plan, one bar for each attempt.";
            let values = context! { title, hint, picture, legend => "timeline" };
            page(server, "picture.html", "timeline", values).await
        }
        Err(trouble) => trouble.answer(uri),
    }
}

const NAMES: f64 = 190.0;
const TIME: f64 = 900.0;
const ROW: f64 = 26.0;
const TOP: f64 = 30.0;
/// The possible distances between time lines, in minutes; there are at most eight lines.
const STEPS: [u64; 15] = [
    1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080, 43_200,
];

/// Draws a run: rows of bars, with expected work in outline.
fn lanes(run: &Run, status: &Status, now: Timestamp) -> String {
    let live = run.goes_on && status.run.as_deref() == Some(&run.run);
    let plan = |name: &str| {
        status
            .plans
            .iter()
            .find(|plan| plan.name == name)
            .filter(|_| live)
    };
    let until = if run.goes_on {
        now
    } else {
        run.ended.unwrap_or(now)
    };
    let since = |at: Timestamp| (at.as_millisecond() - run.began.as_millisecond()).max(0) as f64;
    let ahead = status.eta_s.filter(|_| live).unwrap_or_default() as f64 * 1000.0;
    let whole = (since(until) + ahead).max(1000.0);
    let x = |ms: f64| NAMES + ms.min(whole) / whole * TIME;
    let rows: Vec<_> = run
        .plans
        .iter()
        .filter(|(name, story)| !story.attempts.is_empty() || plan(name).is_some())
        .collect();
    let bottom = TOP + rows.len() as f64 * ROW;
    let (width, height) = (NAMES + TIME + 30.0, bottom + 10.0);
    // Writing to a string cannot fail.
    let mut svg = format!(
        "<svg class=\"lanes\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
         aria-label=\"when each attempt ran\">"
    );
    let step = STEPS.map(|minutes| minutes * 60_000);
    let step = step.into_iter().find(|step| whole / *step as f64 <= 8.0);
    let step = step.unwrap_or(whole as u64 / 8).min((whole as u64).max(1));
    for ms in (0..=whole as u64).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/><text x=\"{0:.1}\" y=\"18\" \
             text-anchor=\"middle\">{1}</text>",
            x(ms as f64),
            rough(std::time::Duration::from_millis(ms))
        );
    }
    for (place, (name, story)) in rows.into_iter().enumerate() {
        let top = TOP + place as f64 * ROW;
        let shown = match name.char_indices().nth(24) {
            Some((end, _)) => format!("{}…", &name[..end]),
            None => name.clone(),
        };
        // Plan names need no escaping: they consist of letters, digits, `-` and `_`.
        let _ = write!(
            svg,
            "<a href=\"/plans/{name}\"><text class=\"name\" x=\"6\" y=\"{:.1}\">{shown}</text></a>",
            top + 17.0
        );
        let mut bar = |class: &str, from: f64, to: f64, tip: &str| {
            let _ = write!(
                svg,
                "<rect class=\"bar {class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{}\" rx=\"3\"><title>{}</title></rect>",
                x(from),
                top + 5.0,
                (x(to) - x(from)).max(2.0),
                ROW - 10.0,
                minijinja::HtmlEscape(&super::page::visible(tip))
            );
        };
        for tried in &story.attempts {
            let Some(from) = tried.began else { continue };
            let to = tried.ended.unwrap_or(until);
            let took = long((since(to) - since(from)) as u64);
            let (class, how) = match (&tried.failed, tried.ended) {
                (Some(why), _) => ("bad", format!(", failed: {why}")),
                (None, None) if live => ("now", ", at work".to_owned()),
                (None, _) => ("good", String::new()),
            };
            bar(
                class,
                since(from),
                since(to),
                &format!("{}: {took}{how}", tried.attempt),
            );
        }
        if let Some(eta) = plan(name).and_then(|plan| plan.eta_s) {
            let to = since(until) + eta as f64 * 1000.0;
            let tip = format!("{name}: done in about {}", about(eta));
            bar("expected", since(until), to, &tip);
        }
    }
    if live {
        let _ = write!(
            svg,
            "<line class=\"moment\" x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{1}\" y2=\"{bottom}\"/>",
            x(since(until)),
            TOP - 6.0
        );
    }
    svg + "</svg>"
}

/// The output of `orch train --json`.
#[derive(Debug, Deserialize)]
struct ReadTrain {
    target: String,
    entries: Vec<Carriage>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Carriage {
    plan: String,
    place: u64,
    state: String,
    on: Option<serde_json::Value>,
    since: Option<Timestamp>,
    elapsed_s: Option<u64>,
    remaining_s: Option<u64>,
    why: serde_json::Value,
}

/// The merge queue.
pub async fn train(State(server): State<Arc<Server>>, uri: Uri) -> Response {
    let now = Timestamp::now();
    match server.read::<ReadTrain>(&["train", "--json"], 5).await {
        Ok(train) => {
            let row = |entry: &Carriage| {
                context! {
                    entry => shown(entry), since => shown(entry.since.map(|at| Age::of(at, now))),
                    elapsed => entry.elapsed_s.map(about), remaining => entry.remaining_s.map(about),
                    on => words(entry.on.as_ref()), why => words(Some(&entry.why)),
                }
            };
            let entries: Vec<Value> = train.entries.iter().map(row).collect();
            page(
                &server,
                "train.html",
                "train",
                context! { target => train.target, entries },
            )
            .await
        }
        Err(trouble) => trouble.answer(&uri),
    }
}

/// A text or a list of texts, as one line.
fn words(value: Option<&serde_json::Value>) -> Option<String> {
    match value? {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Array(parts) => {
            let parts: Vec<&str> = parts.iter().filter_map(serde_json::Value::as_str).collect();
            Some(parts.join(", "))
        }
        _ => None,
    }
    .filter(|text| !text.is_empty())
}
