//! `orch status`: one line a plan, as wide as the terminal.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use crate::plan::{PlanState, TaskState};
use crate::supervisor::{PlanView, RunView, StatusView};

use super::palette::plan_style;
use super::span::ago;
use super::told_line::budget_line;
use super::width::{fit, pad};

/// Fewest columns of the table, however narrow the terminal is.
const NARROWEST: usize = 60;
/// Columns of the longest state's name.
const STATE: usize = 9;
/// Columns of the task counts.
const TASKS: usize = 7;
/// Columns of the time.
const SINCE: usize = 11;
/// Most columns of a plan's name.
const LONGEST_NAME: usize = 20;

/// The table, in so many columns.
pub fn table(view: &StatusView, columns: usize) -> String {
    let columns = columns.max(NARROWEST);
    let longest = view
        .plans
        .iter()
        .map(|plan| plan.name.as_str().len())
        .max()
        .unwrap_or(0);
    let name = longest.clamp(
        4,
        (columns / 4)
            .max(LONGEST_NAME)
            .min(columns - NARROWEST + LONGEST_NAME),
    );
    let why = columns - name - STATE - TASKS - SINCE - 4 * 2;
    let mut text = String::new();
    let run = view
        .run
        .as_deref()
        .map_or_else(String::new, |run| format!("run {run}, "));
    let oid = view
        .target
        .oid
        .as_ref()
        .map_or("not there yet", |oid| oid.short());
    let target = view.target.name.trim_start_matches("refs/heads/");
    let head = format!("{run}{}; target {target} ({oid})", run_word(view.state));
    let lines = match budget_line(&view.spent) {
        // What was used up has a line of its own where it would be cut.
        Some(spent) if head.width() + 2 + spent.width() > columns => vec![head, format!("  {spent}")],
        Some(spent) => vec![format!("{head}; {spent}")],
        None => vec![head],
    };
    for line in lines {
        let _ = writeln!(text, "{}", fit(&line, columns));
    }
    let header = format!(
        "{}  {}  {}  {}  WHY",
        pad("PLAN", name),
        pad("STATE", STATE),
        pad("TASKS", TASKS),
        pad("SINCE", SINCE)
    );
    let _ = writeln!(text, "{header}");
    for plan in &view.plans {
        let style = plan_style(plan.state);
        let (done, all) = counts(plan);
        let since = plan.since.map(ago).unwrap_or_default();
        let row = format!(
            "{}  {style}{}{style:#}  {}  {}  {}",
            pad(&fit(plan.name.as_str(), name), name),
            pad(plan.state.as_str(), STATE),
            pad(&format!("{done}/{all}"), TASKS),
            pad(&fit(&since, SINCE), SINCE),
            fit(&reason(plan), why)
        );
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text
}

/// What the run's state means.
fn run_word(state: RunView) -> &'static str {
    match state {
        RunView::Idle => "nothing started yet (orch up)",
        RunView::Running => "running",
        RunView::Stopping => "stopping",
        RunView::Stopped => "stopped (orch up goes on)",
        RunView::Interrupted => "interrupted (orch up goes on)",
        RunView::Settled => "settled",
    }
}

/// Tasks that need no more work, and all of them.
pub fn counts(plan: &PlanView) -> (usize, usize) {
    let tasks = || plan.phases.iter().flat_map(|phase| &phase.tasks);
    (
        tasks().filter(|task| task.state.is_settled()).count(),
        tasks().count(),
    )
}

/// The most important thing to know about the plan.
fn reason(plan: &PlanView) -> String {
    // What runs and still wants a person's eye says that first.
    let troubled = plan.reasons.iter().find(|reason| reason.remedy.is_some());
    if let (PlanState::Running, Some(reason)) = (plan.state, troubled) {
        return reason.text.clone();
    }
    if plan.state == PlanState::Running
        && let Some(phase) = plan.phases.iter().find(|phase| phase.state == TaskState::Running)
    {
        // Several at once, each at a task of its own.
        let open = plan.attempts.iter().filter(|attempt| attempt.exit.is_none());
        let open: Vec<&str> = open.map(|attempt| attempt.given.as_str()).collect();
        if open.iter().any(|given| given.starts_with("task")) {
            return open.join(", ");
        }
        return format!("phase {}: {}", phase.id, phase.title);
    }
    plan.why.first().cloned().unwrap_or_default()
}
