//! Changes to a plan's state that several events have in common.

use super::attempt::{Attempt, AttemptRecord};
use super::limits::Parking;
use super::plan_run::{Merge, Outcome, PlanRun};
use super::tries::Tries;
use crate::plan::{AgentName, AttemptId, ItemId, PhaseId, Point, TaskId, TaskState, UnitId};
use crate::schedule::event::about::Ticks;
use crate::schedule::event::at::At;
use crate::schedule::event::facts::Parked;

impl PlanRun {
    pub(in crate::schedule) fn current(&mut self, attempt: &AttemptId) -> Option<&mut Attempt> {
        self.attempts.values_mut().find(|current| &current.id == attempt)
    }

    pub(in crate::schedule) fn take_attempt(&mut self, attempt: &AttemptId) -> Option<Attempt> {
        let lane = self.attempts.iter().find(|(_, current)| &current.id == attempt)?;
        let lane = *lane.0;
        self.attempts.remove(&lane)
    }

    pub(in crate::schedule) fn record(&mut self, attempt: &AttemptId) -> Option<&mut AttemptRecord> {
        self.history.iter_mut().rev().find(|record| &record.id == attempt)
    }

    pub(in crate::schedule) fn tries_mut(
        &mut self,
        unit: Option<UnitId>,
        repair: bool,
    ) -> Option<&mut Tries> {
        match (repair, unit) {
            (true, _) => Some(&mut self.repair),
            (false, Some(unit)) => Some(self.tries.entry(unit).or_default()),
            (false, None) => None,
        }
    }

    pub(in crate::schedule) fn end(&mut self, at: At, outcome: Outcome) {
        self.outcome = Some(outcome);
        self.retried.clear();
        self.attempts.clear();
        self.forget_checks(|_| true);
        self.repair.retry_at = None;
        for tries in self.tries.values_mut() {
            tries.retry_at = None;
        }
        self.since = at;
    }

    /// Forgets the verifications of open phases for which `of` is true, because their work will change.
    pub(in crate::schedule) fn forget_checks(&mut self, of: impl Fn(PhaseId) -> bool) {
        let done = &self.phases_done;
        self.phase_checks
            .retain(|phase, _| done.contains_key(phase) || !of(*phase));
    }

    /// Requests a merge. A merge that is under way ends first, and the same merge is not requested twice.
    pub(in crate::schedule) fn merge_wanted(&mut self, up_to: Option<PhaseId>, into: Option<String>) {
        if let Merge::Running(now) = &self.merge {
            if self.merge_up_to != up_to || *now != into {
                self.merge_next = Some((up_to, into));
            }
            return;
        }
        self.merge = Merge::Wanted(into);
        self.merge_up_to = up_to;
        self.prefix_trouble = None;
        if up_to.is_none() {
            self.merge_trouble = None;
        }
    }

    /// Reopens the task, and every point that needed it. New dependents wait for the new work, and verifications run again.
    /// Running dependents continue.
    pub(in crate::schedule) fn unreach(&mut self, task: TaskId) {
        let phase = task.phase;
        self.reopen_check(task);
        self.phases_done.remove(&phase);
        self.phase_checks.remove(&phase);
        for point in [Point::Task(task), Point::Phase(phase)] {
            self.pins.remove(&point);
        }
        // The commits with which other phases ended may contain the old work of this one.
        let (pins, checks, phases_done) = (&mut self.pins, &mut self.phase_checks, &mut self.phases_done);
        self.ends.retain(|other, end| {
            let holds = *other == phase || end.done.contains(&phase);
            if holds {
                pins.remove(&Point::Phase(*other));
                if checks.remove(other).is_some() {
                    phases_done.remove(other);
                }
            }
            !holds
        });
    }

    /// Reopens the check of the phase, because its result was about the old work.
    pub(in crate::schedule) fn reopen_check(&mut self, task: TaskId) {
        let check = TaskId::verify(task.phase);
        if task == check {
            return;
        }
        self.proven.remove(&UnitId::Task(check));
        // `heard` keeps the report, so that the same report does not count as news.
        if let Some(item) = self
            .items
            .get_mut(&check.into())
            .filter(|item| item.state == TaskState::Done)
        {
            item.state = TaskState::Pending;
        }
    }

    /// The agent's work on this plan waits.
    pub(in crate::schedule) fn park_agent(&mut self, at: At, parked: &Parked) {
        let known = self.parked.get(&parked.agent);
        let times = known.map_or(0, |parking| parking.times);
        // When two lanes met the limit, the later end counts, unless there is another account.
        let until = At(at.0.saturating_add(parked.for_ms));
        let later = known.map(|known| known.until).filter(|_| parked.for_ms > 0);
        let parking = Parking {
            since: known.map_or(at, |known| known.since),
            until: later.map_or(until, |later| later.max(until)),
            kind: parked.kind,
            why: parked.why.clone(),
            times: times.saturating_add(1),
        };
        self.parked.insert(parked.agent.clone(), parking);
    }

    /// The agent got an answer here. Work that waits for a known moment keeps waiting until then.
    pub(in crate::schedule) fn unpark(&mut self, at: At, agent: &AgentName) {
        if self.parking(agent, at).is_none() {
            self.parked.remove(agent);
        }
    }

    /// A person cancels the point, including any part of it that was wanted again before.
    pub(in crate::schedule) fn cancel(&mut self, point: Point) {
        self.spared.retain(|spared| !lies_in(*spared, point));
        self.retried.retain(|retried| !lies_in(*retried, point));
        self.cancelling.insert(point);
    }

    /// A person wants a cancelled point after all: all of the point, but nothing else of the phase or plan around it.
    pub(in crate::schedule) fn want_again(&mut self, point: Point) {
        self.cancelling.retain(|cancelled| !lies_in(*cancelled, point));
        // A plan of which a part continues is not cancelled as a whole.
        self.cancelling.remove(&Point::Plan);
        self.spared.retain(|spared| !lies_in(*spared, point));
        if self.cancelling.iter().any(|cancelled| lies_in(point, *cancelled)) {
            self.spared.insert(point);
        }
        self.retried.insert(point);
    }

    /// Withdraws the agent's reports on tasks beyond its own units, when units are dispatched one by one.
    pub(in crate::schedule) fn take_back(&mut self, at: At, ended: &Attempt) {
        for task in ended.claimed.iter().filter(|_| self.by_units) {
            if let Some(item) = self.items.get_mut(&(*task).into()) {
                item.state = TaskState::Pending;
                item.since = at;
            }
            self.heard.remove(&(*task).into());
        }
    }

    /// Reopens the tasks that were under way when their agent ended, including tasks of which only a part was under way.
    pub(in crate::schedule) fn reset_running(&mut self, at: At, ended: &Attempt) {
        let by_units = self.by_units;
        let given =
            |item: &ItemId| !by_units || ended.units.iter().any(|unit| unit.covers(self.whole_of(item)));
        let running = self
            .items
            .keys()
            .filter(|id| given(id) && self.item_state(id) == TaskState::Running);
        let running: Vec<ItemId> = running.cloned().collect();
        for (id, item) in &mut self.items {
            if running.contains(id) {
                item.state = if item.failed {
                    TaskState::Failed
                } else {
                    TaskState::Pending
                };
                item.since = at;
            }
        }
    }

    /// The plan begins with these boxes ticked. Boxes that were ticked later do not count as done.
    pub(in crate::schedule) fn begin_ticked(&mut self, ticks: &Ticks) {
        let heard = &self.heard;
        self.items
            .retain(|item, _| heard.contains_key(item) || ticks.items.contains(item));
        let later: Vec<UnitId> = self.ticked.difference(&ticks.units).copied().collect();
        for unit in later {
            self.ticked.remove(&unit);
            self.proven.remove(&unit);
        }
        self.ticks_at_first = Some(ticks.clone());
        self.ticks = Some(ticks.clone());
    }
}

/// True when `part` is `whole`, or a part of it.
pub(in crate::schedule) fn lies_in(part: Point, whole: Point) -> bool {
    match (part, whole) {
        (_, Point::Plan) => true,
        (Point::Plan, _) => false,
        (Point::Phase(phase), Point::Phase(of)) => phase == of,
        (Point::Task(task), Point::Phase(of)) => task.phase == of,
        (Point::Phase(_), Point::Task(_)) => false,
        (Point::Task(task), Point::Task(of)) => task == of,
    }
}
