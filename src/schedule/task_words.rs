//! What is made of the words about tasks: said to be done, failed, or not needed.

use crate::plan::{ItemId, PhaseId, TaskId, TaskState, UnitId};

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

    /// As [`state_for`](Self::state_for) for whoever works on the task at the moment; as it is known where nobody does.
    pub fn state_for_workers(&self, item: &ItemId) -> TaskState {
        let given = |units: &[UnitId]| units.iter().any(|unit| unit.covers(item.task));
        let mut attempts = self.attempts.values();
        match attempts.find(|attempt| given(&attempt.units)) {
            Some(attempt) => self.state_for(&attempt.units, item),
            None => self.item_state(item),
        }
    }

    /// What whoever is given these units is told of a task: as [`item_state`](Self::item_state), but open where it was only
    /// said to be done.
    pub fn state_for(&self, units: &[UnitId], item: &ItemId) -> TaskState {
        let known = self.item_state(item);
        let given = units.iter().any(|unit| unit.covers(item.task));
        // What a document has ticked was not said by anybody.
        let said = known == TaskState::Done && self.heard.get(item) == Some(&known);
        let said = said && !self.made_before.contains(&item.task);
        match given && said && self.tries_of(units.first().copied(), false).nothing_made {
            true => TaskState::Pending,
            false => known,
        }
    }
}
