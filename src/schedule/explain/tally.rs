//! The progress of a plan, counted in tasks.

use super::states::task_state;
use crate::plan::{TaskId, TaskState, UnitId};
use crate::schedule::state::lost::Lost;
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::PlanWork;

/// The task counts of a plan. VERIFY blocks do not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tasks that are done, or that a person or an agent declared needless.
    pub done: usize,
    /// Tasks that are not done because something failed or was cancelled.
    pub skipped: usize,
    /// All tasks.
    pub all: usize,
}

impl Tally {
    /// Counts the tasks of a plan.
    pub fn of(plan: &PlanWork, run: &PlanRun) -> Self {
        let mut tally = Self::default();
        for (task, _) in plan.phases.iter().flat_map(|phase| &phase.tasks) {
            tally.all += 1;
            if needs_no_more_work(plan, run, *task) {
                tally.done += 1;
            } else if task_state(plan, run, *task) == TaskState::Skipped {
                tally.skipped += 1;
            }
        }
        tally
    }
}

/// True when a task is done or was declared needless. False when nobody works on the task merely because something else failed or
/// somebody cancelled it.
pub fn needs_no_more_work(plan: &PlanWork, run: &PlanRun, task: TaskId) -> bool {
    let given_up = |unit| {
        let lost = run.lost.get(&unit);
        matches!(lost, Some(Lost::Skipped { .. } | Lost::Cancelled)) && !run.is_unit_done(unit)
    };
    match task_state(plan, run, task) {
        TaskState::Done => true,
        TaskState::Skipped => !given_up(UnitId::Task(task)),
        TaskState::Pending | TaskState::Ready | TaskState::Running | TaskState::Failed => false,
    }
}
