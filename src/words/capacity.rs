//! Why ready work does not start, in words.

use super::list::joined;
use super::reason_text::ReasonText;
use crate::plan::format_duration;
use crate::schedule::{CapacityReason, LaneCount, LaneHold, TokenHolder, TokensTaken, Width, WidthChange};

pub(super) fn capacity(reason: &CapacityReason) -> ReasonText {
    ReasonText::plain(match reason {
        CapacityReason::NothingStarted => {
            return ReasonText::with_remedy("nothing has been started yet", "orch up");
        }
        CapacityReason::NoRun => return ReasonText::with_remedy("no run is under way", "orch up"),
        CapacityReason::MakingWorktree(Some(what)) => format!("its worktree is being made: {what}"),
        CapacityReason::MakingWorktree(None) => "its worktree is being made".to_owned(),
        CapacityReason::Lanes(count) => lanes(count),
        CapacityReason::Memory(free) => {
            format!("only {free}% of memory is free: nothing begins beside what is at work")
        }
        CapacityReason::SlotKept(plans) => format!(
            "a slot is kept for {}, whose worktree is being made",
            joined(plans)
        ),
        CapacityReason::Slots { slots: 1, by } => format!("the only slot is taken by {}", joined(by)),
        CapacityReason::Slots { slots, by } => format!("all {slots} slots are taken by {}", joined(by)),
        CapacityReason::Narrowed(slots, change) => format!(
            "the run uses {slots} {} at once for now: {}",
            if *slots == 1 { "agent" } else { "agents" },
            gain_words(change)
        ),
        CapacityReason::Batch(change) => format!(
            "the run works in batches for now, and the agents at work end first: {}",
            gain_words(change)
        ),
        CapacityReason::Executor(name, slots) => {
            format!("executor {name} has all the {slots} attempts that its `slots` allow")
        }
        CapacityReason::Agent(agent, max) => {
            format!("agent {agent} runs {max} times already, its maximum")
        }
        CapacityReason::Resource(taken) => return tokens(taken),
    })
}

/// `the only lane of the plan is taken; usually 3: the load is 310% of the cores`.
fn lanes(count: &LaneCount) -> String {
    let taken = match count.lanes {
        1 => "the only lane of the plan is taken".to_owned(),
        lanes => format!("all {lanes} lanes of the plan are taken"),
    };
    let holds: Vec<String> = count.holds.iter().map(hold).collect();
    match holds.is_empty() {
        true => taken,
        false => format!("{taken}; usually {}: {}", count.usual, holds.join(", ")),
    }
}

fn hold(hold: &LaneHold) -> String {
    match hold {
        LaneHold::Load(percent) => format!("the load is {percent}% of the cores"),
        LaneHold::Memory(percent) => format!("only {percent}% of memory is free"),
        LaneHold::Failures { failed, of } => format!("{failed} of its last {of} attempts failed"),
        LaneHold::RateLimit(agent) => format!("{agent} has met a limit"),
        LaneHold::Narrowed(change) => gain_words(change),
    }
}

/// `parallel work saved 31 %, with 12 % overhead and 45 % lost in failed attempts`.
fn gain_words(change: &WidthChange) -> String {
    let WidthChange {
        efficiency,
        overhead,
        lost,
        ..
    } = change;
    format!(
        "parallel work saved {efficiency} %, with {overhead} % overhead and {lost} % lost in failed attempts"
    )
}

/// The width of a run from now on, and why.
pub fn width_words(change: &WidthChange) -> String {
    let width = match change.width {
        Width::Full => "as many agents at once as the manifest allows",
        Width::Narrow => "half as many agents at once",
        Width::Batched => "half as many agents at once, in batches",
    };
    match change.attempts {
        0 => format!("{width}: `fallback` is off"),
        attempts => format!("{width}; in the last {attempts} attempts {}", gain_words(change)),
    }
}

fn tokens(taken: &TokensTaken) -> ReasonText {
    let holders: Vec<String> = taken.holders.iter().map(holder).collect();
    let text = format!(
        "no token of resource {} is free: held by {}",
        taken.resource,
        holders.join(", ")
    );
    match (taken.overdue(), taken.patience) {
        (Some(overdue), Some(patience)) => ReasonText::with_remedy(
            format!(
                "{text}; that is longer than its patience of {}",
                format_duration(patience)
            ),
            format!("orch logs {0}, or orch pause --now {0}", overdue.plan),
        ),
        _ => ReasonText::plain(text),
    }
}

fn holder(holder: &TokenHolder) -> String {
    format!(
        "{}.{} for {} so far",
        holder.plan,
        holder.unit,
        format_duration(holder.since)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_lanes_than_usual_have_their_reasons() {
        let said = |lanes, holds| {
            let count = LaneCount {
                lanes,
                usual: 3,
                holds,
            };
            capacity(&CapacityReason::Lanes(count)).text
        };
        assert_eq!(said(3, vec![]), "all 3 lanes of the plan are taken");
        assert_eq!(
            said(
                1,
                vec![LaneHold::Load(310), LaneHold::Failures { failed: 2, of: 4 }]
            ),
            "the only lane of the plan is taken; usually 3: the load is 310% of the cores, 2 of its last 4 attempts failed"
        );
        assert_eq!(
            capacity(&CapacityReason::Memory(4)).text,
            "only 4% of memory is free: nothing begins beside what is at work"
        );
    }
}
