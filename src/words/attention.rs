//! Items that need a person, in words, with the command that settles each.

use super::about::About;
use super::reason::reason;
use crate::plan::{Point, WorkRef};
use crate::schedule::{
    Attention, AttentionKind, Because, CapacityReason, Hold, MergeReason, MergeTrouble, Reason, State,
    WaitingFor,
};

/// The description of an item, and the command that settles or explains it.
pub fn attention_text(item: &Attention, state: &State) -> (String, String) {
    let about = About::of(&item.plan, state);
    (reason(&item.reason, &about).text, command(item, &about))
}

fn command(item: &Attention, about: &About<'_>) -> String {
    let plan = &item.plan;
    match (item.kind, &item.reason) {
        (_, Reason::Waits(WaitingFor::Approval(what))) => format!("orch approve {what}"),
        (_, Reason::Merge(MergeReason::Trouble { up_to, trouble, .. })) => {
            let what = WorkRef::at(plan, up_to.map_or(Point::Plan, Point::Phase));
            match trouble {
                MergeTrouble::Conflict { .. } => format!("orch merge --resolve {what}"),
                MergeTrouble::Review { .. } => format!("orch review {plan}"),
                // Merging again fails again, until somebody has mended it.
                MergeTrouble::Verification { .. } => format!("orch why {plan}"),
                MergeTrouble::TargetRed { .. }
                | MergeTrouble::Refused { .. }
                | MergeTrouble::Obstacle { .. }
                | MergeTrouble::Waits { .. }
                | MergeTrouble::NotFinished { .. } => format!("orch merge {what}"),
            }
        }
        (AttentionKind::Stalled, Reason::AtWork(..)) => format!("orch logs {plan}"),
        (_, Reason::Capacity(CapacityReason::Resource(taken))) => {
            let holder = taken.overdue().map_or(plan, |holder| &holder.plan);
            format!("orch logs {holder}")
        }
        (_, Reason::Asks(Some(unit), _)) => format!("orch answer {plan}.{unit} TEXT"),
        // A new run does not change these.
        (
            _,
            Reason::Held(Hold::TakenAway { .. } | Hold::JournalLost {} | Hold::Needs { obstacle: None, .. }),
        ) => {
            format!("orch why {plan} && orch retry {plan}")
        }
        (AttentionKind::Question, _) => format!("orch answer {plan} TEXT"),
        (
            _,
            Reason::Held(Hold::Needs {
                why: Because::BudgetSpent { of_run, .. },
                ..
            }),
        ) => {
            let key = if *of_run {
                "run".to_owned()
            } else {
                format!("plans.{plan}")
            };
            format!("orch edit set {key}.budget AMOUNT")
        }
        (AttentionKind::Login, _) => format!("orch doctor && orch retry {plan}"),
        (_, Reason::Lost(unit, _)) => again(&WorkRef::at(plan, unit.point()), about),
        (
            AttentionKind::Approval
            | AttentionKind::Review
            | AttentionKind::Conflict
            | AttentionKind::Failed
            | AttentionKind::Stalled
            | AttentionKind::Budget
            | AttentionKind::Message,
            _,
        ) => again(&WorkRef::whole(plan), about),
    }
}

/// The commands to retry: first a look, then the retry.
fn again(what: &WorkRef, about: &About<'_>) -> String {
    format!("orch why {what} && {}", about.again(what))
}

/// A plan's name and its need, in one line.
pub fn attention_line(plan: Option<&str>, text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    let names = |plan: &str| {
        let rest = first.strip_prefix(plan);
        rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    match plan {
        Some(plan) if !names(plan) => format!("{plan}: {first}"),
        _ => first.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_need_names_its_plan_once() {
        assert_eq!(attention_line(Some("a"), "a: merge it"), "a: merge it");
        assert_eq!(attention_line(Some("ask"), "asks \"Why?\""), "ask: asks \"Why?\"");
        assert_eq!(attention_line(None, "one\ntwo"), "one");
    }
}
