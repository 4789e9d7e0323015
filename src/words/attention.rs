//! What needs a person, in words, and the command that settles it.

use super::reason_text::{ReasonText, told};
use crate::plan::PlanName;
use crate::schedule::{
    Attention, AttentionKind, MergeReason, MergeTrouble, Reason, RunPhase, State, WaitingFor,
};

/// What it is, and the command that settles it or says more.
pub fn attention_text(item: &Attention, state: &State) -> (String, String) {
    let ReasonText { text, .. } = told(&item.reason, state, &item.plan);
    (text, command(item, state.phase))
}

fn command(item: &Attention, phase: RunPhase) -> String {
    let plan = &item.plan;
    match (item.kind, &item.reason) {
        (_, Reason::Waits(WaitingFor::Approval(what))) => format!("orch approve {what}"),
        (_, Reason::Merge(MergeReason::Trouble { up_to, trouble, .. })) => {
            let what = up_to.map_or_else(|| plan.to_string(), |phase| format!("{plan}.{phase}"));
            match trouble {
                MergeTrouble::Conflict { .. } => format!("orch merge --resolve {what}"),
                MergeTrouble::Verification { .. }
                | MergeTrouble::TargetRed { .. }
                | MergeTrouble::Refused { .. }
                | MergeTrouble::Obstacle { .. }
                | MergeTrouble::Waits { .. }
                | MergeTrouble::NotFinished { .. } => format!("orch merge {what}"),
            }
        }
        (AttentionKind::Stalled, Reason::AtWork(..)) => format!("orch logs {plan}"),
        (_, Reason::Asks(Some(unit), _)) => format!("orch answer {plan}.{unit} TEXT"),
        (AttentionKind::Question, _) => format!("orch answer {plan} TEXT"),
        (AttentionKind::Login, _) => "orch doctor".to_owned(),
        (_, Reason::Lost(unit, _)) => retry(&format!("{plan}.{unit}"), phase),
        (
            AttentionKind::Approval
            | AttentionKind::Conflict
            | AttentionKind::Failed
            | AttentionKind::Stalled
            | AttentionKind::Budget,
            _,
        ) => retry(&plan.to_string(), phase),
    }
}

/// A plan that is tried again needs a look first.
fn retry(what: &str, phase: RunPhase) -> String {
    let why = format!("orch why {what}");
    match phase {
        RunPhase::Driving | RunPhase::Stopping { .. } | RunPhase::Stopped { resume: true } => {
            format!("{why}, then orch retry {what}")
        }
        RunPhase::Idle | RunPhase::Stopped { .. } | RunPhase::Settled => format!("{why}, then orch up"),
    }
}

/// A plan's name and what it needs, in one line.
pub fn attention_line(plan: Option<&PlanName>, text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    match plan {
        Some(plan) if !first.starts_with(plan.as_str()) => format!("{plan}: {first}"),
        _ => first.to_owned(),
    }
}
