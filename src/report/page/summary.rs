//! The end of `orch up`: the result of every plan, and what to do next.

use std::fmt::Write;
use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use crate::plan::{PlanName, PlanState};
use crate::schedule::Exit;
use crate::supervisor::{PlanView, StatusView};

use crate::report::line::usage_line::{budget_line, run_line};
use crate::report::text::hanging::folded;
use crate::report::text::palette::plan_style;
use crate::report::text::span::span;
use crate::report::text::width::{fit, pad};

/// The width of a row without name, time, attempts and usage.
const FIXED: usize = 2 + 9 + 2 + 7 + 6 + 2 + 2 + 2;

/// The summary of the driven plans, wrapped to a width; only the counts when there is little to say.
pub fn summary(view: &StatusView, driven: impl Fn(&PlanName) -> bool, columns: usize, quiet: bool) -> String {
    let plans: Vec<&PlanView> = view.plans.iter().filter(|plan| driven(&plan.name)).collect();
    let mut text = String::new();
    if !quiet {
        let width = plans
            .iter()
            .map(|plan| plan.name.as_str().len())
            .max()
            .unwrap_or(0);
        let rows: Vec<[String; 3]> = plans.iter().map(|plan| figures(plan)).collect();
        let wide = |column: usize| rows.iter().map(|row| row[column].width()).max().unwrap_or(0);
        let (time, attempts) = (wide(0).max(7), wide(1));
        // The usage goes on a line of its own where it would be wrapped.
        let skips = plans.iter().map(|plan| skipped(plan).len()).max().unwrap_or(0);
        let narrow = width + FIXED + skips + time + attempts + wide(2) > columns;
        for (plan, [took, tried, used]) in plans.iter().zip(&rows) {
            let style = plan_style(plan.state);
            let skipped = skipped(plan);
            let row = format!(
                "{:<width$}  {style}{:<9}{style:#}  {:>3}/{:<3} tasks{skipped:<skips$}  {took:>time$}  {tried:<attempts$}  {}",
                plan.name,
                plan.state,
                plan.tally.done,
                plan.tally.all,
                if narrow { "" } else { used }
            );
            let _ = writeln!(text, "{}", row.trim_end());
            if narrow && !used.is_empty() {
                let _ = writeln!(text, "{:width$}  {used}", "");
            }
            if !matches!(
                plan.state,
                PlanState::Landed | PlanState::Finished | PlanState::Running
            ) {
                let below = " ".repeat(width + 2);
                for reason in &plan.reasons {
                    let said = fit(&reason.text, 3 * columns);
                    let _ = writeln!(text, "{}", folded(&below, &said, columns));
                }
            }
        }
    }
    let count = |state| plans.iter().filter(|plan| plan.state == state).count();
    let counted: Vec<String> = PlanState::ALL
        .iter()
        .rev()
        .filter_map(|state| match count(*state) {
            0 => None,
            many => Some(format!("{many} {state}")),
        })
        .collect();
    let spent = run_line(view)
        .map(|spent| format!("; {spent}"))
        .unwrap_or_default();
    let others = match view.plans.len() - plans.len() {
        0 => String::new(),
        1 => "; 1 plan was not part of this run".to_owned(),
        more => format!("; {more} plans were not part of this run"),
    };
    let _ = writeln!(text, "{}{spent}{others}", counted.join(", "));
    text
}

/// The number of tasks that were skipped because of a failure.
fn skipped(plan: &PlanView) -> String {
    match plan.tally.skipped {
        0 => String::new(),
        many => format!(", {many} skipped"),
    }
}

/// The time that agents worked on the plan, the number of attempts, and their usage.
fn figures(plan: &PlanView) -> [String; 3] {
    let attempts = match plan.attempts.len() {
        0 => String::new(),
        1 => "1 attempt".to_owned(),
        more => format!("{more} attempts"),
    };
    [
        spent(plan).map(span).unwrap_or_default(),
        attempts,
        budget_line(&plan.spent).unwrap_or_default(),
    ]
}

/// The next steps for a person, one line each.
pub fn next_steps(view: &StatusView, target: &str) -> String {
    let steps = steps(view, target);
    let wide = steps
        .iter()
        .map(|(command, _)| command.width())
        .max()
        .unwrap_or(0);
    steps
        .into_iter()
        .map(|(command, what)| format!("next: {}  {what}\n", pad(&command, wide)))
        .collect()
}

/// Time that agents worked on the plan.
fn spent(plan: &PlanView) -> Option<Duration> {
    let each = plan.attempts.iter().filter_map(|attempt| {
        let took = attempt.ended_at?.duration_since(attempt.started_at?);
        Duration::try_from(took).ok()
    });
    each.reduce(|all, one| all + one)
}

fn steps(view: &StatusView, target: &str) -> Vec<(String, String)> {
    let mut steps: Vec<(String, String)> = Vec::new();
    let mut step = |command: String, what: String| steps.push((command, what));
    let any = |state| view.plans.iter().find(|plan| plan.state == state);
    if any(PlanState::Finished).is_some() {
        step(
            "orch merge".to_owned(),
            format!("land what is finished on {target}"),
        );
    }
    if let Some(plan) = any(PlanState::Failed) {
        let last = plan.attempts.last().and_then(|attempt| attempt.ended.as_ref());
        // An agent that never started has no log.
        match matches!(last, Some(Exit::NotStarted { .. })) {
            true => step(
                format!("orch why {}", plan.name),
                "why its agent did not start".to_owned(),
            ),
            false => step(
                format!("orch logs {}", plan.name),
                "its agent's output".to_owned(),
            ),
        }
    }
    if let Some(plan) = any(PlanState::Held) {
        step(format!("orch why {}", plan.name), "what it needs".to_owned());
    }
    if let Some(plan) = any(PlanState::Paused) {
        step(format!("orch resume {}", plan.name), "continue".to_owned());
    }
    let open = |plan: &PlanView| {
        !plan.state.is_settled() || matches!(plan.state, PlanState::Failed | PlanState::Skipped)
    };
    if view.plans.iter().any(open) {
        let failed = any(PlanState::Failed).or(any(PlanState::Skipped)).is_some();
        let again = if failed {
            ", and try failed work again"
        } else {
            " with what is left"
        };
        step("orch up".to_owned(), format!("go on{again}"));
    }
    if any(PlanState::Landed).is_some_and(|plan| plan.worktree.is_some()) {
        step(
            "orch clean".to_owned(),
            "remove the worktrees of what has landed".to_owned(),
        );
    }
    steps
}
