//! The pages with pictures, and the pages of runs and of the merge queue.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use jiff::Timestamp;
use minijinja::context;
use minijinja::value::Value;
use serde::{Deserialize, Serialize};

use super::answers::Status;
use super::fleet::{Age, about};
use super::page::{page, shown};
use super::server::{Server, Trouble};
use crate::report::{RunTimeline, draw_timeline, span, timeline_legend, with_states};

/// The graph with the state of each of its parts.
pub async fn graph(State(server): State<Arc<Server>>, uri: Uri) -> Response {
    let (svg, status) = tokio::join!(server.ask(&["graph", "--format", "svg"], 60), server.status());
    match (svg, status) {
        (Ok(svg), Ok(status)) => {
            let picture = Value::from_safe_string(stated(&svg.text(), &status));
            let (title, hint) = ("Graph", "What waits for what, with the state of each part.");
            let values = context! { title, hint, picture, legend => graph_legend(), kind => "graph" };
            page(&server, "picture.html", "graph", values).await
        }
        (Err(trouble), _) | (_, Err(trouble)) => trouble.answer(&uri),
    }
}

/// The meaning of the graph's colours.
fn graph_legend() -> Value {
    let entries = [
        ("s-run", "at work"),
        ("s-done", "done or landed"),
        ("s-bad", "failed or held"),
        ("s-off", "skipped or cancelled"),
        ("s-path", "critical path"),
    ];
    let entry = |(class, label)| format!("<li><span class=\"swatch {class}\"></span>{label}</li>");
    let entries: String = entries.into_iter().map(entry).collect();
    Value::from_safe_string(format!("<ul class=\"legend\">{entries}</ul>"))
}

/// Gives every shape of the drawing the class of its state, and a link to the page of its plan.
fn stated(svg: &str, status: &Status) -> String {
    let mut states: HashMap<String, &str> = HashMap::new();
    let mut plans: HashSet<&str> = HashSet::new();
    for plan in &status.plans {
        plans.insert(&plan.name);
        states.insert(plan.name.clone(), &plan.state);
        for phase in &plan.phases {
            states.insert(format!("{}.{}", plan.name, phase.id), &phase.state);
            for task in phase.tasks.iter().chain(&phase.verify) {
                states.insert(format!("{}.{}", plan.name, task.id), &task.state);
            }
        }
        if let Some(verify) = &plan.verify {
            states.insert(format!("{}.verify", plan.name), verify);
        }
        if plan.state == "landed" {
            states.insert(format!("{}@landed", plan.name), "landed");
        }
    }
    with_states(svg, &states, &plans)
}

/// The output of `orch report --json`.
#[derive(Debug, Deserialize)]
struct ReadReport {
    report: ReportedRun,
    timeline: Option<RunTimeline>,
}

/// The run of a report.
#[derive(Debug, Deserialize)]
struct ReportedRun {
    run: String,
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
    state: Option<String>,
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
    match server.read::<ReadReport>(&line, 5).await {
        Ok(ReadReport { report, timeline }) => {
            let drawn = timeline.filter(|timeline| !timeline.rows.is_empty());
            let picture = drawn.as_ref().map(|timeline| {
                let picture = draw_timeline(timeline, Some(&|plan| format!("/plans/{plan}")));
                Value::from_safe_string(picture)
            });
            let legend = drawn
                .as_ref()
                .map(|timeline| Value::from_safe_string(timeline_legend(timeline)));
            let title = format!("Timeline of {}", report.run);
            let hint = "One row for each worktree. Point at a shape to see what it is.";
            let values = context! { title, hint, picture, legend, kind => "timeline" };
            page(server, "picture.html", "timeline", values).await
        }
        Err(trouble) => trouble.answer(uri),
    }
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
    /// None while nothing is built for the plan.
    place: Option<u64>,
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
