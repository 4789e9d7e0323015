//! Why work that could begin does not, in words.

use super::list::joined;
use super::reason_text::ReasonText;
use crate::plan::format_duration;
use crate::schedule::{CapacityReason, TokenHolder};

pub(super) fn capacity(reason: &CapacityReason) -> ReasonText {
    ReasonText::plain(match reason {
        CapacityReason::NothingStarted => {
            return ReasonText::with_remedy("nothing has been started yet", "orch up");
        }
        CapacityReason::NoRun => return ReasonText::with_remedy("no run is under way", "orch up"),
        CapacityReason::MakingWorktree(Some(what)) => format!("its worktree is being made: {what}"),
        CapacityReason::MakingWorktree(None) => "its worktree is being made".to_owned(),
        CapacityReason::Lanes(lanes) => format!("all {lanes} lanes of the plan are taken"),
        CapacityReason::SlotKept(plans) => format!(
            "a slot is kept for {}, whose worktree is being made",
            joined(plans)
        ),
        CapacityReason::Slots { slots: 1, by } => format!("the only slot is taken by {}", joined(by)),
        CapacityReason::Slots { slots, by } => format!("all {slots} slots are taken by {}", joined(by)),
        CapacityReason::Agent(agent, max) => {
            format!("agent {agent} runs {max} times already, its maximum")
        }
        CapacityReason::Resource(resource, holders) => {
            let holders: Vec<String> = holders.iter().map(holder).collect();
            format!(
                "no token of resource {resource} is free: held by {}",
                holders.join(", ")
            )
        }
    })
}

fn holder(holder: &TokenHolder) -> String {
    format!(
        "{}.{} for {} s until it ends, expected to take {}",
        holder.plan,
        holder.unit,
        holder.since.as_secs(),
        format_duration(holder.expected)
    )
}
