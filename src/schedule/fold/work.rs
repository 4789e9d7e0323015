//! The fold of units: their merges into the plan's branch, and the units that failed or were skipped.

use super::conflict_files::found_in_conflict;
use crate::plan::{AttemptId, CommitId};
use crate::schedule::event::about::{WorkConflict, WorkRefusal, WorkSkip};
use crate::schedule::event::fact::Event;
use crate::schedule::state::attempt::Integration;
use crate::schedule::state::lost::Lost;
use crate::schedule::state::plan_run::PlanRun;

pub(super) fn was_merged(run: &mut PlanRun, attempt: &AttemptId, commit: &CommitId) {
    run.made = Some(commit.clone());
    if let Some(current) = run.current(attempt) {
        current.integration = Integration::Merged;
    }
    if let Some(record) = run.record(attempt) {
        record.merged = true;
    }
}

pub(super) fn was_in_conflict(run: &mut PlanRun, conflict: &WorkConflict) {
    let learned = found_in_conflict(run, &conflict.attempt, &conflict.files);
    if let Some(current) = run.current(&conflict.attempt) {
        current.learned = learned;
        current.integration = Integration::Conflict(conflict.files.clone());
    }
}

pub(super) fn was_refused(run: &mut PlanRun, refusal: &WorkRefusal) {
    if let Some(current) = run.current(&refusal.attempt) {
        current.integration = Integration::Refused(refusal.why.clone());
    }
}

pub(super) fn unit_failed(run: &mut PlanRun, event: &Event) {
    let Event::WorkFailed {
        unit,
        why,
        held,
        built_on,
        ..
    } = event
    else {
        return;
    };
    let (why, built_on) = (why.clone(), built_on.clone());
    let lost = match held {
        true => Lost::Held { why, built_on },
        false => Lost::Failed { why, built_on },
    };
    run.lost.insert(*unit, lost);
}

pub(super) fn unit_skipped(run: &mut PlanRun, skip: &WorkSkip) {
    let (cause, why) = (skip.cause.clone(), skip.why.clone());
    run.lost.insert(skip.unit, Lost::Skipped { cause, why });
}
