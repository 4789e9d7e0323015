//! The end of `orch up`: what came of every plan, and what to do next.

use std::fmt::Write;
use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use crate::plan::{PlanName, PlanState};
use crate::supervisor::{PlanView, StatusView};

use super::hanging::folded;
use super::palette::plan_style;
use super::span::span;
use super::table::counts;
use super::told_line::budget_line;
use super::width::fit;

/// Columns of a row besides name, time, attempts and what was used up.
const FIXED: usize = 2 + 9 + 2 + 7 + 6 + 2 + 2 + 2;

/// The summary of the plans that were driven, in so many columns; only the counts when little is to be said.
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
        // What was used up stands below where it would be broken.
        let narrow = width + FIXED + time + attempts + wide(2) > columns;
        for (plan, [took, tried, used]) in plans.iter().zip(&rows) {
            let style = plan_style(plan.state);
            let (done, all) = counts(plan);
            let row = format!(
                "{:<width$}  {style}{:<9}{style:#}  {done:>3}/{all:<3} tasks  {took:>time$}  {tried:<attempts$}  {}",
                plan.name,
                plan.state,
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
    let spent = budget_line(&view.spent)
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

/// How long agents worked on the plan, in how many attempts, and what they used up.
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

/// What a person may do next, one line each.
pub fn next_steps(view: &StatusView, target: &str) -> String {
    steps(view, target)
        .into_iter()
        .map(|step| format!("next: {step}\n"))
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

fn steps(view: &StatusView, target: &str) -> Vec<String> {
    let mut steps = Vec::new();
    let any = |state| view.plans.iter().find(|plan| plan.state == state);
    if any(PlanState::Finished).is_some() {
        steps.push(format!("orch merge            land what is finished on {target}"));
    }
    if let Some(plan) = any(PlanState::Failed) {
        let last = plan.attempts.last().and_then(|attempt| attempt.ended.as_deref());
        // One that never began has written nothing.
        steps.push(
            match last.is_some_and(|ended| ended.starts_with("could not be started")) {
                true => format!("orch why {:<12} why its agent did not start", plan.name),
                false => format!("orch logs {:<11} what its agent wrote", plan.name),
            },
        );
    }
    if let Some(plan) = any(PlanState::Held) {
        steps.push(format!("orch why {:<12} what it needs", plan.name));
    }
    if let Some(plan) = any(PlanState::Paused) {
        steps.push(format!("orch resume {:<9} let it go on", plan.name));
    }
    let open = |plan: &PlanView| {
        !plan.state.is_settled() || matches!(plan.state, PlanState::Failed | PlanState::Skipped)
    };
    if view.plans.iter().any(open) {
        let failed = any(PlanState::Failed).or(any(PlanState::Skipped)).is_some();
        let again = if failed {
            ", and try again what failed"
        } else {
            " with what is left"
        };
        steps.push(format!("orch up               go on{again}"));
    }
    if any(PlanState::Landed).is_some_and(|plan| plan.worktree.is_some()) {
        steps.push("orch clean            remove the worktrees of what has landed".to_owned());
    }
    steps
}
