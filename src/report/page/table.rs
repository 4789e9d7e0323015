//! `orch status`: one line a plan, as wide as the terminal.

use std::fmt::Write;
use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use crate::plan::{PlanName, PlanState, TaskState, UnitId};
use crate::schedule::Width;
use crate::supervisor::{PlanView, RunView, StatusView, given};
use crate::words::{attention_line, rough};

use crate::report::line::count_line::count_line;
use crate::report::line::usage_line::run_line;
use crate::report::text::palette::plan_style;
use crate::report::text::span::ago;
use crate::report::text::width::{fit, fit_names, pad};

/// The least width of the table, however narrow the terminal is.
const NARROWEST: usize = 60;
/// The greatest width of the time.
const SINCE: usize = 11;
/// The most items that need a person to show above the table.
const NEEDS: usize = 10;
/// The least width of a plan's name.
const NAME: usize = 20;

/// The row of a plan.
struct PlanRow<'p> {
    name: &'p str,
    state: &'static str,
    tasks: String,
    since: String,
    why: String,
}

impl<'p> PlanRow<'p> {
    fn of(plan: &'p PlanView) -> Self {
        Self {
            name: plan.name.as_str(),
            state: plan.state.as_str(),
            tasks: format!("{}/{}", plan.tally.done, plan.tally.all),
            since: plan.since.map(ago).unwrap_or_default(),
            why: reason(plan),
        }
    }
}

/// The table, in a given width.
pub fn table(view: &StatusView, columns: usize) -> String {
    let columns = columns.max(NARROWEST);
    let rows: Vec<PlanRow> = view.plans.iter().map(PlanRow::of).collect();
    let wide = |cell: for<'r> fn(&'r PlanRow<'_>) -> &'r str, least: usize| {
        rows.iter().map(|row| cell(row).width()).fold(least, usize::max)
    };
    let state = wide(|row| row.state, 5);
    let tasks = wide(|row| &row.tasks, 5);
    let since = wide(|row| &row.since, 5).min(SINCE);
    let room = columns - state - tasks - since - 4 * 2;
    // A cut reason can be looked up by the plan's name, but a cut name cannot be looked up.
    let short_reasons = room.saturating_sub(wide(|row| &row.why, 3));
    let most = (columns / 3).min(columns - NARROWEST + NAME).max(NAME);
    let name = wide(|row| row.name, 4).min(most.max(short_reasons));
    let why = room - name;
    let names: Vec<&str> = rows.iter().map(|row| row.name).collect();
    let names = fit_names(&names, name);
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
    let width = match view.width {
        Width::Full => "",
        Width::Narrow => ", with half of its agents (`fallback`)",
        Width::Batched => ", with half of its agents, in batches (`fallback`)",
    };
    let head = format!("{run}{}{width}; target {target} ({oid})", run_word(view.state));
    for line in count_line(view, columns).lines() {
        let _ = writeln!(text, "{}", fit(line, columns));
    }
    needs(&mut text, view, columns);
    let lines = match run_line(view) {
        // The usage goes on a line of its own where it would be cut.
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
        pad("STATE", state),
        pad("TASKS", tasks),
        pad("SINCE", since)
    );
    let _ = writeln!(text, "{header}");
    for ((plan, row), shown) in view.plans.iter().zip(&rows).zip(&names) {
        let style = plan_style(plan.state);
        let row = format!(
            "{}  {style}{}{style:#}  {}  {}  {}",
            pad(shown, name),
            pad(row.state, state),
            pad(&row.tasks, tasks),
            pad(&fit(&row.since, since), since),
            fit(&row.why, why)
        );
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text
}

/// The items that need a person, and the commands that settle them.
fn needs(text: &mut String, view: &StatusView, columns: usize) {
    for item in view.attention.iter().take(NEEDS) {
        let held = match item.holds_up_s {
            0 => String::new(),
            seconds => format!(" (holds up {})", rough(Duration::from_secs(seconds))),
        };
        let line = attention_line(item.plan.as_ref().map(PlanName::as_str), &item.text);
        // The text about a problem of the target itself says what to do.
        let line = match item.since {
            Some(_) => fit(&line, columns.saturating_sub(held.width() + 2)),
            None => line,
        };
        let _ = writeln!(text, "! {line}{held}");
        if let Some(command) = &item.command {
            let _ = writeln!(text, "    {command}");
        }
    }
    if view.attention.len() > NEEDS {
        let more = view.attention.len() - NEEDS;
        let _ = writeln!(text, "! and {more} more: orch status --json");
    }
}

/// The name of the run's state.
pub fn run_word(state: RunView) -> &'static str {
    match state {
        RunView::Idle => "nothing started yet (orch up)",
        RunView::Running => "running",
        RunView::Stopping => "stopping",
        RunView::Stopped => "stopped; `orch up` continues",
        RunView::Interrupted => "interrupted; `orch up` continues",
        RunView::Settled => "settled",
    }
}

/// The most important information about the plan, behind a due day that is over.
fn reason(plan: &PlanView) -> String {
    let overdue = plan.milestone.as_ref().filter(|milestone| milestone.is_overdue);
    let due = overdue.and_then(|milestone| milestone.due);
    let parts = [due.map(|due| format!("overdue since {due}")), Some(news(plan))];
    let parts: Vec<String> = parts
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect();
    parts.join("; ")
}

/// What the plan does or waits for.
fn news(plan: &PlanView) -> String {
    // For a running plan that needs a person, the need comes first.
    let troubled = plan.reasons.iter().find(|reason| reason.remedy.is_some());
    if let (PlanState::Running, Some(reason)) = (plan.state, troubled) {
        return reason.text.clone();
    }
    if plan.state == PlanState::Running
        && let Some(phase) = plan.phases.iter().find(|phase| phase.state == TaskState::Running)
    {
        // Several attempts at once, each at a task of its own.
        let open = plan.attempts.iter().filter(|attempt| attempt.exit.is_none());
        let open: Vec<&[UnitId]> = open.map(|attempt| attempt.units.as_slice()).collect();
        if open.iter().any(|units| matches!(units, [UnitId::Task(_)])) {
            let open: Vec<String> = open.into_iter().map(given).collect();
            return open.join(", ");
        }
        return format!("phase {}: {}", phase.id, phase.title);
    }
    plan.why.first().cloned().unwrap_or_default()
}
