//! The fold of a plan's merges.

use super::phases::prefix_landed;
use super::resolving::{conflict_is_over, conflict_of_part_is_over};
use crate::plan::PlanName;
use crate::schedule::event::about::{FoundPlan, TakenBack};
use crate::schedule::event::at::At;
use crate::schedule::event::merge_facts::{Landed, MergeBegun, NotLanded};
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::state::phase_run::LandedBefore;
use crate::schedule::state::plan_run::{Merge, Outcome, PlanRun};

/// Drops a requested merge that has not begun.
pub(in crate::schedule) fn merge_not_wanted(run: &mut PlanRun) {
    if matches!(run.merge, Merge::Wanted(_)) {
        run.merge = Merge::Idle;
        run.merge_up_to = None;
    }
    run.merge_next = None;
}

pub(in crate::schedule) fn merge_began(run: &mut PlanRun, begun: &MergeBegun) {
    let into = match &run.merge {
        Merge::Wanted(into) | Merge::Running(into) => into.clone(),
        Merge::Idle => None,
    };
    run.merge = Merge::Running(into);
    run.merge_up_to = begun.part.as_ref().map(|part| part.up_to);
    run.merge_prefix.clone_from(&begun.part);
    if begun.part.is_none() {
        run.merge_trouble = None;
    }
    run.prefix_trouble = None;
}

pub(in crate::schedule) fn has_landed(run: &mut PlanRun, at: At, landed: &Landed) {
    merge_over(run);
    run.prefix_trouble = None;
    match &landed.part {
        Some(part) => {
            prefix_landed(run, &landed.target, part, &landed.commit);
            conflict_of_part_is_over(run, part, landed.before.as_ref());
        }
        // A merge was asked for again, and all of it was there.
        None if run.landed.get(&landed.target) == Some(&landed.commit) => {
            run.merge_trouble = None;
        }
        None => {
            run.merge_trouble = None;
            conflict_is_over(run, landed.before.as_ref());
            run.landed.insert(landed.target.clone(), landed.commit.clone());
            if let Some(made) = &run.made {
                run.landed_heads.insert(landed.target.clone(), made.clone());
            }
            run.landed_print = landed.print;
            run.since = at;
        }
    }
}

pub(in crate::schedule) fn has_not_landed(run: &mut PlanRun, at: At, failed: &NotLanded) {
    merge_over(run);
    if let Some(up_to) = failed.up_to {
        run.prefix_trouble = Some((up_to, failed.why.clone()));
        return;
    }
    if failed.why.holds() {
        // The next `orch up` finds the same trouble again, which a person has known since the first time.
        let same = |why: &MergeTrouble| match (why, &failed.why) {
            (MergeTrouble::Review { .. }, MergeTrouble::Review { .. }) => true,
            (why, now) => why == now,
        };
        let same = run.held_by.take().filter(|(why, _)| same(why));
        let since = same.map_or(at, |(_, since)| since);
        run.held_by = Some((failed.why.clone(), since));
        run.since = since;
    }
    run.merge_trouble = Some(failed.why.clone());
    run.merge_again = false;
}

/// Another plan has landed. A merge that waited for that plan may be tried again.
pub(in crate::schedule) fn waits_no_longer(on: &PlanName) -> impl Fn(&mut PlanRun) {
    move |run| {
        if matches!(&run.merge_trouble, Some(MergeTrouble::Waits { on: waited }) if waited == on) {
            run.merge_trouble = None;
        }
    }
}

/// The plan was found on the target: a person landed it.
pub(in crate::schedule) fn was_found(run: &mut PlanRun, at: At, found: &FoundPlan) {
    run.merge_trouble = None;
    run.landed.insert(found.target.clone(), found.commit.clone());
    run.landed_by_hand
        .insert(found.target.clone(), found.evidence.clone());
    run.since = at;
}

/// A person reverted the plan on a target.
pub(in crate::schedule) fn was_taken_back(run: &mut PlanRun, at: At, back: &TakenBack) {
    let landed = run.landed.remove(&back.target);
    run.landed_by_hand.remove(&back.target);
    run.landed_heads.remove(&back.target);
    match &landed {
        Some(commit) => {
            let (commit, head) = (commit.clone(), run.made.clone());
            let before = LandedBefore { commit, head };
            run.before_back.insert(back.target.clone(), before);
        }
        None => drop(run.before_back.remove(&back.target)),
    }
    let part = run.landed_prefix.remove(&back.target);
    if landed.is_some() || part.is_some() {
        let phases = part.filter(|_| landed.is_none()).map(|part| part.prefix.phases);
        let phases = phases.unwrap_or_else(|| run.phases_done.keys().copied().collect());
        run.taken_back
            .entry(back.target.clone())
            .or_default()
            .extend(phases);
    }
    run.reverted.insert(back.target.clone(), back.commit.clone());
    run.outcome = Some(Outcome::Cancelled);
    run.since = at;
}

/// Somebody undid the revert, so the plan's phases are on the target again. The plan counts as landed, as it did before the
/// revert, unless it has continued since.
pub(in crate::schedule) fn was_restored(run: &mut PlanRun, at: At, back: &TakenBack) {
    run.taken_back.remove(&back.target);
    let Some(before) = run.before_back.remove(&back.target) else {
        return;
    };
    let over = matches!(run.outcome, Some(Outcome::Cancelled | Outcome::Finished));
    if !over || run.made != before.head || run.landed.contains_key(&back.target) {
        return;
    }
    run.outcome = Some(Outcome::Finished);
    run.merge_trouble = None;
    run.landed.insert(back.target.clone(), before.commit);
    if let Some(head) = before.head {
        run.landed_heads.insert(back.target.clone(), head);
    }
    run.since = at;
}

pub(in crate::schedule) fn merge_over(run: &mut PlanRun) {
    run.merge = Merge::Idle;
    run.merge_up_to = None;
    run.merge_prefix = None;
    if let Some((up_to, into)) = run.merge_next.take() {
        run.merge_wanted(up_to, into);
    }
}
