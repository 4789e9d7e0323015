//! Phases fully reported by an agent that works through a whole plan.

use crate::plan::{PhaseId, TaskId, TaskState, UnitId};

use super::proof_of::{Claim, Proof};
use crate::schedule::state::plan_run::{Item, PlanRun};
use crate::schedule::work::plans::{PhaseWork, PlanWork};

/// Returns the phases in which every task was reported, and which are not yet known to be done.
pub(in crate::schedule) fn reported_phases(plan: &PlanWork, run: &PlanRun) -> Vec<PhaseId> {
    let mut done = Vec::new();
    let mut earlier_done = true;
    let mut unverified = false;
    for phase in &plan.phases {
        if run.phases_done.contains_key(&phase.id) {
            continue;
        }
        // A verified phase ends with its attempt, on the attempt's last commit. Work that the same agent did behind the
        // phase is on that commit too.
        let verified = plan.is_verified(run, phase.id);
        let settled = is_reported(run, phase) && !verified && !unverified && may_be_made(plan, run, phase);
        unverified |= verified && !run.by_units;
        // A phase without tasks has nothing to report. It is done once everything before it is done.
        if settled && (!phase.tasks.is_empty() || (earlier_done && !done.is_empty())) {
            done.push(phase.id);
        } else {
            earlier_done = false;
        }
    }
    done
}

/// Returns false while nothing can have been made: the agent needs a commit, and all its reports are on the commit it
/// started from.
fn may_be_made(plan: &PlanWork, run: &PlanRun, phase: &PhaseWork) -> bool {
    let attempt = run.attempts.get(&0);
    let first = run.worktree().map(|made| &made.base);
    let Some(began) = attempt.and_then(|attempt| attempt.head.as_ref()).or(first) else {
        return true;
    };
    let unit = UnitId::Phase(phase.id);
    let tried = attempt.map_or(unit, |attempt| attempt.units.first().copied().unwrap_or(unit));
    let needless = |task: TaskId| run.needs_nothing(task) || run.is_done_by_tick(task);
    let moved = |item: &Item| item.state == TaskState::Done && item.commit.as_ref() != Some(began);
    let given =
        |task: TaskId| attempt.is_none_or(|attempt| attempt.units.iter().any(|unit| unit.covers(task)));
    plan.allow_empty
        || run.proven.contains(&unit)
        || run.tries_of(Some(tried), false).commits > 0
        || phase.tasks.iter().all(|(task, _)| needless(*task))
        || run.items.iter().any(|(id, item)| given(id.task) && moved(item))
}

/// Returns true when the phase lacks nothing except a verification that `orch` runs itself.
fn is_reported(run: &PlanRun, phase: &PhaseWork) -> bool {
    let mut tasks = phase.tasks.iter();
    let tasks = tasks.all(|(task, _)| run.is_item_settled(&(*task).into()));
    // One agent that works through a whole plan does a check before it continues, even if the document puts the check in the
    // background.
    let blocking = phase.background_verify.is_some();
    let said = run.is_item_settled(&TaskId::verify(phase.id).into());
    // A phase that is ticked in the document is accepted as done.
    let checked = !blocking || said || run.proven.contains(&UnitId::Phase(phase.id));
    let found = [(Proof::Tasks, tasks), (Proof::Checked, checked)];
    matches!(Claim::PhaseDone.missing(&found), None | Some(Proof::Passed))
}
