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
    // `dispatch` may be another one day.
    if proven {
        run.proven.insert(UnitId::Phase(phase));
    }
    run.phases_done.entry(phase).or_insert(at);
}

/// Folds a word about the verification of a phase.
pub(in crate::schedule) fn was_checked(run: &mut PlanRun, at: At, fact: &PhaseVerify) {
    let begun = match (run.phase_checks.get(&fact.phase), fact.said) {
        (Some(PhaseCheck::Running(begun)), _) => *begun,
        (_, PhaseSaid::Started) => at,
        // It was about what is gone.
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

/// The commit of a point is known from now on.
pub(in crate::schedule) fn was_pinned(run: &mut PlanRun, at: At, pinned: &Pinned) {
    // What it was about may have been lost while it was pinned.
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
    // What a document has ticked was there before anything began.
    let told = run.items.iter().filter(|(id, item)| {
        let said = run.heard.get(id) == Some(&TaskState::Done);
        said && item.state == TaskState::Done
    });
    let tasks = told.map(|(id, _)| id.task);
    let on_branch = tasks.filter(|task| !run.by_units || run.is_unit_done(UnitId::Task(*task)));
    // What is merged into the branch at this moment may be in it already.
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
        // Work that is to be done again is on the branch all the same.
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

/// What the last phase of a stage left in no commit is in one, now that the agent has ended.
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

/// A prefix is on a target; a shorter one takes nothing away.
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
