//! Continues with other work after the manifest was edited during a run.

use std::collections::BTreeSet;

use super::scheduler::Scheduler;
use crate::plan::{ClosedPlan, Openness, PhaseId, PlanName};
use crate::schedule::board::ask::Ask;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::state::known::RunPhase;
use crate::schedule::work::plans::Work;

impl Scheduler {
    /// Returns how much of a plan may still be changed.
    pub fn openness(&self, plan: &PlanName) -> Openness {
        let run = self.board.state.plan(plan);
        if self.board.state.is_landed(plan) {
            return Openness::Nothing(ClosedPlan::Landed);
        }
        let units = run.history.iter().flat_map(|attempt| &attempt.units);
        let mut phases: BTreeSet<PhaseId> = units.map(|unit| unit.phase()).collect();
        // A box that was ticked before the plan started is not work of this run.
        let reported = run.items.iter().filter(|(_, item)| item.since > At::default());
        phases.extend(reported.map(|(item, _)| item.task.phase));
        if !run.history.is_empty() || !phases.is_empty() {
            Openness::Begun { phases }
        } else if run.worktrees.is_empty() {
            Openness::All
        } else {
            Openness::Made
        }
    }

    /// Returns true while a worktree is being created from the plan's old document.
    pub fn is_making_worktrees(&self) -> bool {
        self.board
            .asked
            .iter()
            .any(|ask| matches!(ask, Ask::Worktree(..)))
    }

    /// Replaces the work and replays everything that was recorded. Requested effects without an answer stay requested.
    pub fn rework<'a>(&mut self, work: Work, events: impl IntoIterator<Item = (At, &'a Event)>) {
        let mut other = Self::new(work);
        other.replay(events);
        other.board.state.now = other.board.state.now.max(self.board.state.now);
        other.board.asked = std::mem::take(&mut self.board.asked);
        // The end of a run that now has more to do, and timers, depend on the old work.
        other
            .board
            .asked
            .retain(|ask| !matches!(ask, Ask::Wake(_) | Ask::End));
        std::mem::swap(&mut other.board.train, &mut self.board.train);
        other.board.train.change(other.board.work.train);
        other.board.stays = self.board.stays;
        other.board.work.machine = self.board.work.machine;
        other.board.looked = std::mem::take(&mut self.board.looked);
        *self = other;
    }

    /// Returns false once the end of the run is decided. Later edits are for the next run.
    pub fn takes_edits(&self) -> bool {
        self.board.state.phase == RunPhase::Driving
            && !self.board.asked.contains(&Ask::End)
            && !self.board.is_merge_only()
    }
}
