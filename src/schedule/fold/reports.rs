//! What becomes of an attempt's reports when its end says that they do not count.

use crate::plan::{ItemId, PhaseId, TaskId, TaskState, UnitId};

use crate::schedule::event::at::At;
use crate::schedule::state::attempt::Attempt;
use crate::schedule::state::plan_run::PlanRun;

impl PlanRun {
    /// What an agent said it had done on the way goes with what it was given.
    pub(in crate::schedule) fn take_back(&mut self, at: At, ended: &Attempt) {
        for task in ended.claimed.iter().filter(|_| self.by_units) {
            if let Some(item) = self.items.get_mut(&(*task).into()) {
                item.state = TaskState::Pending;
                item.since = at;
            }
            self.heard.remove(&(*task).into());
        }
    }

    /// The files in which an agent reports are written anew for it: what it says there of open work is news.
    pub(in crate::schedule) fn listen_anew(&mut self, units: &[UnitId]) {
        let items = &self.items;
        self.heard.retain(|id, _| {
            let given = units.iter().any(|unit| unit.covers(id.task));
            !given || items.get(id).is_some_and(|item| item.state != TaskState::Pending)
        });
    }

    /// What an attempt that brought commits did beyond what it was given is there for whoever is given it.
    pub(in crate::schedule) fn note_made_before(&mut self, ended: &Attempt) {
        if self.tries_of(ended.units.first().copied(), ended.repair).commits > 0 {
            self.made_before.extend(&ended.claimed);
        }
    }

    /// The tasks of a phase that was shown are there for whoever is given the rest, when something of the phase is opened again.
    pub(in crate::schedule) fn note_shown(&mut self, phase: PhaseId) {
        let own = self.items.range(ItemId::from(TaskId::new(phase.0, 0))..);
        let own = own.take_while(|(id, _)| id.task.phase == phase);
        let done = own.filter(|(id, item)| item.state == TaskState::Done && !id.task.is_verify());
        self.made_before.extend(done.map(|(id, _)| id.task));
    }

    /// What was reported done went with the commits that did not merge, or there were none: it is to be done again. What a
    /// document has ticked was not said by anybody, and what another attempt made on its way is there.
    pub(in crate::schedule) fn lose_reports(&mut self, at: At, ended: &Attempt) {
        let mut lost = Vec::new();
        for (id, item) in &mut self.items {
            let said = item.state == TaskState::Done && self.heard.get(id) == Some(&TaskState::Done);
            let given = ended.units.iter().any(|unit| unit.covers(id.task));
            if said && given && !self.made_before.contains(&id.task) {
                item.state = TaskState::Pending;
                item.since = at;
                lost.push(id.clone());
            }
        }
        for id in lost {
            self.unreach(id.task);
        }
    }

    /// A task that was under way when its agent ended is to be done again.
    pub(in crate::schedule) fn reset_running(&mut self, at: At, ended: &Attempt) {
        let by_units = self.by_units;
        let given = |item: &ItemId| !by_units || ended.units.iter().any(|unit| unit.covers(item.task));
        for (id, item) in &mut self.items {
            if item.state == TaskState::Running && given(id) {
                item.state = TaskState::Pending;
                item.since = at;
            }
        }
    }
}
