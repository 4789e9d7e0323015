//! The fold of phases: their verifications, and the commits with which they end.

use std::collections::BTreeSet;

use crate::plan::{CommitId, PhaseId, Point, TaskState, UnitId};
use crate::schedule::event::at::At;
use crate::schedule::event::merge_facts::{Pinned, Prefix};
use crate::schedule::event::phase_fact::{PhaseSaid, PhaseVerify};
use crate::schedule::state::attempt::AttemptState;
use crate::schedule::state::phase_run::{LandedPrefix, PhaseCheck, PhaseEnd};
use crate::schedule::state::plan_run::PlanRun;

pub(in crate::schedule) fn phase_done(run: &mut PlanRun, at: At, phase: PhaseId, proven: bool) {
    // The manifest may set another `dispatch` one day.
    if proven {
        run.proven.insert(UnitId::Phase(phase));
    }
    run.phases_done.entry(phase).or_insert(at);
}

/// Folds a fact about the verification of a phase.
pub(in crate::schedule) fn was_checked(run: &mut PlanRun, at: At, fact: &PhaseVerify) {
    let begun = match (run.phase_checks.get(&fact.phase), fact.said) {
        (Some(PhaseCheck::Running(begun)), _) => *begun,
        (_, PhaseSaid::Started) => at,
        // The fact is about a verification that no longer counts.
        (Some(PhaseCheck::Passed(..) | PhaseCheck::Failed(_)) | None, _) => return,
    };
    let now = match (fact.said, &fact.ran) {
        (PhaseSaid::Started, _) => Some(PhaseCheck::Running(at)),
        (PhaseSaid::Passed, Some(ran)) => Some(PhaseCheck::Passed(ran.commit.clone(), begun)),
        (PhaseSaid::Failed, _) => Some(PhaseCheck::Failed(fact.why.clone().unwrap_or_default())),
        (PhaseSaid::Stopped | PhaseSaid::Passed, _) => None,
    };
    match now {
        Some(now) => run.phase_checks.insert(fact.phase, now),
        None => run.phase_checks.remove(&fact.phase),
    };
}

/// The commit of a point is pinned.
pub(in crate::schedule) fn was_pinned(run: &mut PlanRun, at: At, pinned: &Pinned) {
    // The point may have been reopened while it was being pinned.
    if !run.has_reached(pinned.point) {
        return;
    }
    run.pins.insert(pinned.point, pinned.commit.clone());
    let handed_on = run.handed_on.entry(pinned.point).or_default();
    handed_on.insert(pinned.commit.clone());
    let Point::Phase(phase) = pinned.point else {
        return;
    };
    if pinned.holds.is_empty() {
        return;
    }
    let done: BTreeSet<PhaseId> = pinned.holds.iter().copied().collect();
    // Only reported tasks count: what the document has ticked was there before anything began.
    let told = run.items.iter().filter(|(id, item)| {
        let said = run.heard.get(id) == Some(&TaskState::Done);
        said && item.state == TaskState::Done
    });
    let tasks = told.map(|(id, _)| id.task);
    let on_branch = tasks.filter(|task| !run.by_units || run.is_unit_done(UnitId::Task(*task)));
    // Work that is being merged into the branch at this moment may already be in the commit.
    let merging = run
        .attempts
        .values()
        .filter(|attempt| run.by_units && matches!(attempt.state, AttemptState::Checked(..)));
    let merging = merging
        .flat_map(|attempt| &attempt.units)
        .map(|unit| unit.phase());
    let begun = on_branch
        .map(|task| task.phase)
        .chain(merging)
        .chain(run.phases_done.keys().copied())
        // Work that was reopened is still on the branch.
        .chain(run.touched.iter().copied())
        .filter(|phase| !done.contains(phase))
        .collect();
    let end = PhaseEnd {
        at,
        done,
        begun,
        uncommitted: pinned.uncommitted,
    };
    run.ends.insert(phase, end);
}

/// Forgets the end of the stage's last phase if files were uncommitted then. Now that the agent has ended, these files are
/// committed.
pub(in crate::schedule) fn forget_short_end(run: &mut PlanRun, units: &[UnitId]) {
    let last = units.iter().map(|unit| unit.phase()).max();
    let Some(phase) = last.filter(|_| !run.by_units) else {
        return;
    };
    if run.ends.get(&phase).is_some_and(|end| end.uncommitted > 0) {
        run.ends.remove(&phase);
        run.pins.remove(&Point::Phase(phase));
    }
}

/// A prefix has landed on a target. A shorter prefix does not replace a longer one.
pub(in crate::schedule) fn prefix_landed(
    run: &mut PlanRun,
    target: &str,
    prefix: &Prefix,
    commit: &CommitId,
) {
    let known = run.landed_prefix.get(target);
    let longer = known.is_some_and(|known| {
        let mut phases = prefix.phases.iter();
        known.prefix.phases.len() > prefix.phases.len()
            && phases.all(|phase| known.prefix.phases.contains(phase))
    });
    if !longer {
        let (prefix, commit) = (prefix.clone(), commit.clone());
        let landed = LandedPrefix { prefix, commit };
        run.landed_prefix.insert(target.to_owned(), landed);
    }
}
