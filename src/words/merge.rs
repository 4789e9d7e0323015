//! The state of a merge, in words.

use super::conflict::conflict_words;
use super::reason_text::ReasonText;
use super::why::because;
use crate::plan::{PhaseId, PlanName, Point, WorkRef};
use crate::schedule::{MergeReason, MergeTrouble, WayOut};

pub(super) fn merge(merge: &MergeReason, plan: &PlanName) -> ReasonText {
    let up_to = |phase: &Option<PhaseId>| phase.map(|phase| format!("up to phase {phase}: "));
    match merge {
        MergeReason::NotAsked => ReasonText::with_remedy("waits to be merged", format!("orch merge {plan}")),
        MergeReason::Queued(phase) => ReasonText::plain(format!(
            "{}waits for its turn to be merged",
            up_to(phase).unwrap_or_default()
        )),
        MergeReason::Running(phase) => {
            ReasonText::plain(format!("{}is being merged", up_to(phase).unwrap_or_default()))
        }
        MergeReason::InTrain { of: 0 | 1, .. } => ReasonText::plain("verifying the merge"),
        MergeReason::InTrain { behind: None, of, .. } => {
            ReasonText::plain(format!("verifying, first of {of} in the train"))
        }
        MergeReason::InTrain {
            behind: Some(before),
            place,
            of,
        } => ReasonText::plain(format!("verifying behind {before}, {place} of {of} in the train")),
        MergeReason::Trouble {
            up_to: phase,
            trouble,
            way_out,
        } => {
            let what = WorkRef::at(plan, phase.map_or(Point::Plan, Point::Phase));
            let mut reason = not_landed(trouble, &what, way_out);
            reason.text.insert_str(0, &up_to(phase).unwrap_or_default());
            reason
        }
    }
}

fn not_landed(trouble: &MergeTrouble, what: &WorkRef, way_out: &WayOut) -> ReasonText {
    match trouble {
        MergeTrouble::Conflict {
            with, files, tried, ..
        } => ReasonText::with_remedy(
            conflict_words(with, files, tried.as_deref().map(because).as_deref()),
            of_conflict(way_out, what),
        ),
        MergeTrouble::Verification { why } => ReasonText::with_remedy(
            format!("the merged tree does not pass: {why}"),
            format!("fix it in its worktree, commit, then orch merge {what}"),
        ),
        MergeTrouble::TargetRed { why } => ReasonText::with_remedy(
            format!("the target itself does not pass: {why}"),
            format!("fix the target, then orch merge {what}"),
        ),
        MergeTrouble::Refused { why } => ReasonText::with_remedy(
            format!("was not merged: {}", because(why)),
            format!("orch merge {what}"),
        ),
        MergeTrouble::Obstacle { why } => ReasonText::with_remedy(
            format!("was not merged: {why}"),
            format!("orch merge {what}; where plans land by themselves it is tried again once that is gone"),
        ),
        MergeTrouble::Review { commit } => ReasonText::with_remedy(
            format!("waits for review of {}", commit.short()),
            format!("orch review {what}"),
        ),
        MergeTrouble::Waits { on } => {
            ReasonText::with_remedy(format!("waits for {on} to land first"), format!("orch why {on}"))
        }
        MergeTrouble::NotFinished { why } => ReasonText::plain(format!("was not merged: {}", because(why))),
    }
}

/// What a person can do about a conflict with the target.
fn of_conflict(way_out: &WayOut, what: &WorkRef) -> String {
    match way_out {
        WayOut::AgentAtWork(attempt) => format!("{attempt} works on it: orch logs {} -f", what.plan),
        WayOut::ResolveIn(path) => {
            format!("resolve it in {path}, `git add`, then orch merge --continue {what}")
        }
        WayOut::EndOther(other, path) => format!(
            "end what is begun on {other} in {path} (orch merge --continue {other}, or --abort {other}), then orch merge \
             --resolve {what}"
        ),
        WayOut::CheckOut => format!("orch merge --resolve {what} checks it out in a worktree"),
    }
}
