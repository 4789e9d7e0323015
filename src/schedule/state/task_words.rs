//! What is made of the words about tasks: said to be done, failed, or not needed.

use crate::plan::{ItemId, PhaseId, TaskId, TaskState};

use super::plan_run::{Item, PlanRun};

impl PlanRun {
    /// True when a task of the phase was last said to have failed.
    pub fn has_failed_task(&self, phase: PhaseId) -> bool {
        let failed = |(id, item): (&ItemId, &Item)| id.task.phase == phase && item.state == TaskState::Failed;
        self.items.iter().any(failed)
    }

    /// True when nothing is left to be made of the task: it was declared needless, or made by an attempt that was given
    /// something else and brought commits.
    pub fn needs_nothing(&self, task: TaskId) -> bool {
        match self.item_state(&task.into()) {
            TaskState::Skipped => true,
            TaskState::Done => self.made_before.contains(&task),
            TaskState::Pending | TaskState::Ready | TaskState::Running | TaskState::Failed => false,
        }
    }
}
