//! The states of plans, phases and tasks, in the words of `orch status`.

use super::delay::closed_agent;
use crate::plan::{PhaseId, PlanName, PlanState, TaskId, TaskState, UnitId};
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::ready::readiness::Readiness;
use crate::schedule::ready::wait::Wait;
use crate::schedule::state::known::State;
use crate::schedule::state::lost::Lost;
use crate::schedule::state::plan_run::{Outcome, PlanRun, Verify};
use crate::schedule::work::plans::{PlanWork, Work};

/// The plan's state, as `orch status` shows it.
pub fn plan_state(work: &Work, state: &State, name: &PlanName) -> PlanState {
    let run = state.plan(name);
    match &run.outcome {
        Some(Outcome::Finished) => {
            if state.is_landed(name) || (state.run.is_none() && !run.landed.is_empty()) {
                PlanState::Landed
            } else if run.resolution.agent.is_some() {
                PlanState::Running
            } else if run.merge_trouble.as_ref().is_some_and(MergeTrouble::holds) {
                PlanState::Held
            } else if run.is_landing_paused() {
                PlanState::Paused
            } else {
                PlanState::Finished
            }
        }
        Some(Outcome::Failed(_)) => PlanState::Failed,
        Some(Outcome::Skipped(_)) => PlanState::Skipped,
        Some(Outcome::Held(_)) => PlanState::Held,
        Some(Outcome::Cancelled) => PlanState::Cancelled,
        None => {
            if run.is_at_work() || run.verify == Verify::Running {
                return PlanState::Running;
            }
            if run.is_paused() {
                return PlanState::Paused;
            }
            let Some(plan) = state.number(name).map(|number| &work.plans[number]) else {
                return PlanState::Ready;
            };
            let look = Readiness::new(plan, run, state);
            if !look.ready(state.now).is_empty() || look.all_done() {
                PlanState::Ready
            } else if run.next_time(state.now).is_some() || closed_agent(plan, &look, state).is_some() {
                PlanState::Parked
            } else {
                let waits = look
                    .open()
                    .next()
                    .map(|unit| look.waits(unit))
                    .unwrap_or_default();
                if waits.iter().any(|wait| matches!(wait, Wait::Pause(_))) {
                    PlanState::Paused
                } else if waits.iter().all(|wait| matches!(wait, Wait::Approval(_))) && !waits.is_empty() {
                    PlanState::Held
                } else {
                    PlanState::Blocked
                }
            }
        }
    }
}

/// The state of a phase: done once that is recorded, running while an attempt has it, otherwise by the states of its tasks and
/// the plan's outcome.
pub fn phase_state(plan: &PlanWork, run: &PlanRun, phase: PhaseId) -> TaskState {
    if run.phases_done.contains_key(&phase) {
        return TaskState::Done;
    }
    let states = plan.phase(phase).into_iter().flat_map(|phase| &phase.tasks);
    let states: Vec<TaskState> = states.map(|(task, _)| task_state(plan, run, *task)).collect();
    let given = run
        .attempts
        .values()
        .flat_map(|attempt| &attempt.units)
        .any(|unit| unit.phase() == phase);
    let begun = states.iter().any(|state| *state != TaskState::Pending);
    let first_open = plan
        .phases
        .iter()
        .find(|phase| !run.phases_done.contains_key(&phase.id));
    let is_first = first_open.is_some_and(|first| first.id == phase);
    // Every task is done or skipped, and at least one is skipped.
    let over = |state: &TaskState| matches!(state, TaskState::Done | TaskState::Skipped);
    let left_out = states.contains(&TaskState::Skipped) && states.iter().all(over);
    match &run.outcome {
        _ if left_out && !given => TaskState::Skipped,
        Some(Outcome::Failed(_)) if begun || states.contains(&TaskState::Failed) => TaskState::Failed,
        Some(Outcome::Skipped(_)) => TaskState::Skipped,
        _ if given && (run.by_units || begun || is_first) => TaskState::Running,
        _ if states.contains(&TaskState::Failed) => TaskState::Failed,
        _ => TaskState::Pending,
    }
}

/// The state of a plan's own `verify`.
pub fn verify_state(run: &PlanRun) -> TaskState {
    match run.verify {
        Verify::Open => TaskState::Pending,
        Verify::Running => TaskState::Running,
        Verify::Passed(_) => TaskState::Done,
        Verify::Failed => TaskState::Failed,
    }
}

/// The state of a task or VERIFY block, as reported. When tasks are dispatched one by one, a task is done only once its commits
/// are on the plan's branch, and runs only while an attempt has it.
pub fn task_state(plan: &PlanWork, run: &PlanRun, task: TaskId) -> TaskState {
    let reported = run.item_state(&task.into());
    let unit = UnitId::Task(task);
    if !run.by_units || plan.unit(unit).is_none() {
        return reported;
    }
    match run.lost.get(&unit) {
        _ if run.is_unit_done(unit) && reported == TaskState::Skipped => TaskState::Skipped,
        _ if run.is_unit_done(unit) => TaskState::Done,
        _ if run.is_worked_on(unit) => TaskState::Running,
        Some(Lost::Skipped { .. } | Lost::Cancelled) => TaskState::Skipped,
        // It is open until its question is answered.
        Some(Lost::Held { .. }) if run.questions.contains_key(&Some(unit)) => TaskState::Pending,
        Some(Lost::Failed { .. } | Lost::Held { .. }) => TaskState::Failed,
        None if reported == TaskState::Failed => TaskState::Failed,
        None => TaskState::Pending,
    }
}
