//! The end of `orch up`: what came of every plan, and what to do next.

use std::fmt::Write;
use std::time::Duration;

use crate::plan::PlanState;
use crate::supervisor::{PlanView, StatusView};

use super::palette::plan_style;
use super::span::span;
use super::table::counts;
use super::told_line::budget_line;
use super::width::fit;

/// The summary; only the counts when little is to be said.
pub fn summary(view: &StatusView, quiet: bool) -> String {
    let mut text = String::new();
    if !quiet {
        let width = view
            .plans
            .iter()
            .map(|plan| plan.name.as_str().len())
            .max()
            .unwrap_or(0);
        for plan in &view.plans {
            let style = plan_style(plan.state);
            let (done, all) = counts(plan);
            let time = spent(plan).map(span).unwrap_or_default();
            let attempts = match plan.attempts.len() {
                0 => String::new(),
                1 => "1 attempt".to_owned(),
                more => format!("{more} attempts"),
            };
            let spent = budget_line(&plan.spent)
                .map(|spent| format!("  {spent}"))
                .unwrap_or_default();
            let row = format!(
                "{:<width$}  {style}{:<9}{style:#}  {done:>3}/{all:<3} tasks  {time:>7}  {attempts}{spent}",
                plan.name, plan.state
            );
            let _ = writeln!(text, "{}", row.trim_end());
            if !matches!(
                plan.state,
                PlanState::Landed | PlanState::Finished | PlanState::Running
            ) {
                for reason in &plan.reasons {
                    let _ = writeln!(text, "{:width$}  {}", "", fit(&reason.text, 100));
                }
            }
        }
    }
    let count = |state| view.plans.iter().filter(|plan| plan.state == state).count();
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
    let _ = writeln!(text, "{}{spent}", counted.join(", "));
    text
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
        steps.push(format!("orch logs {:<11} what its agent wrote", plan.name));
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
        steps.push("orch up               go on, and try again what failed".to_owned());
    }
    if any(PlanState::Landed).is_some_and(|plan| plan.worktree.is_some()) {
        steps.push("orch clean            remove the worktrees of what has landed".to_owned());
    }
    steps
}
