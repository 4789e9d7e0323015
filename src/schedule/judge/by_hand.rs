//! Work that a person did: it is looked at and judged as an agent's, without an agent.

use crate::plan::{AgentName, AttemptId, CommitId, ItemId, Point, TaskId, TaskState, UnitId};

use crate::schedule::drive::scheduler::{Scheduler, Step};
use crate::schedule::event::at::At;
use crate::schedule::event::exit::{Evidence, Exit};
use crate::schedule::event::fact::Event;
use crate::schedule::state::attempt::{Attempt, AttemptRecord};
use crate::schedule::state::known::Phase;
use crate::schedule::state::plan_run::{Outcome, PlanRun, Verify};
use crate::schedule::work::plans::PlanWork;

impl Scheduler {
    /// Takes up what a person reported done while nobody else worked on it, so that no agent does it again.
    pub(in crate::schedule) fn take_work_by_hand(&mut self, at: At, number: usize, step: &mut Step) {
        let run = &self.state.plans[number];
        let repairs = matches!(run.verify, Verify::Running | Verify::Failed);
        let free = run.worktree().is_some() && !run.attempts.contains_key(&0);
        let driven = self.state.phase == Phase::Driving && !self.is_merge_only();
        if repairs || !free || !driven || !run.is_open() || !run.people_spoke {
            return;
        }
        let (plan, run) = (&self.work.plans[number], &self.state.plans[number]);
        let last = run.legs().filter_map(|record| record.ended).max();
        // Where units have branches of their own, what agents said of theirs is judged by itself.
        let units = self.look(number).chain(|unit| {
            let by_hand = !run.by_units || has_work_by_hand(plan, run, last, unit.id);
            by_hand && is_all_said(plan, run, unit.id)
        });
        if !units.iter().any(|unit| has_work_by_hand(plan, run, last, *unit)) {
            return;
        }
        // What agents have begun on a branch of its own is completed there, and comes to the plan's from there.
        let own = |unit: &UnitId| run.by_units && run.has_branch_work(*unit);
        let until = units.iter().position(own).unwrap_or(units.len()).max(1);
        let units = units[..until].to_vec();
        let name = plan.name.clone();
        let sequence = u32::try_from(run.history.len()).unwrap_or(u32::MAX);
        let attempt = AttemptId::new(&name, sequence.saturating_add(1));
        let ticks = run.history.is_empty().then(|| plan.ticks());
        let assigned = Event::AttemptAssigned {
            plan: name.clone(),
            attempt: attempt.clone(),
            number: run.tries_of(units.first().copied(), false).attempts + 1,
            agent: person(),
            units,
            lane: 0,
            account: None,
            ticks,
        };
        self.record(at, assigned, step);
        let ended = Event::AgentEnded {
            plan: name,
            attempt,
            exit: Exit::ByHand,
        };
        self.record(at, ended, step);
    }

    /// What was done is open again: where the units of the plan stand is found out anew.
    pub(in crate::schedule) fn forget_standing(&mut self, event: &Event) {
        if let Some(number) = event.plan().and_then(|plan| self.state.number(plan)) {
            self.frontier.standing[number] = None;
        }
    }
}

/// True for a fact by which a unit that was done may be open again.
pub(in crate::schedule) fn takes_units_back(event: &Event) -> bool {
    match event {
        Event::AttemptChecked { evidence, .. } => !evidence.gone.is_empty(),
        other => matches!(
            other,
            Event::AttemptFailed { .. } | Event::TaskFailed(_) | Event::WorkAdded(_)
        ),
    }
}

/// The name under which a person's work stands among the attempts.
fn person() -> AgentName {
    "person".parse().expect("a word is a name")
}

/// True when all of the unit was reported.
fn is_all_said(plan: &PlanWork, run: &PlanRun, unit: UnitId) -> bool {
    let mut tasks = plan.unit_tasks(unit).into_iter().peekable();
    tasks.peek().is_some() && tasks.all(|task| run.is_item_settled(&task.into()))
}

/// True when a person reported something of the unit after the end of the last attempt.
fn has_work_by_hand(plan: &PlanWork, run: &PlanRun, last: Option<At>, unit: UnitId) -> bool {
    plan.unit_tasks(unit).into_iter().map(ItemId::from).any(|item| {
        run.items.get(&item).is_some_and(|known| {
            known.by.is_none()
                && !known.assumed
                && run.heard.contains_key(&item)
                && last.is_none_or(|last| known.since >= last)
        })
    })
}

impl PlanRun {
    /// True when agents have committed on the unit's own branch, and the next attempt goes on there.
    pub(in crate::schedule) fn has_branch_work(&self, unit: UnitId) -> bool {
        let begun = |record: &AttemptRecord| {
            record.commits > 0 && record.exit != Some(Exit::ByHand) && record.units.first() == Some(&unit)
        };
        !self.tries_of(Some(unit), false).fresh && self.legs().any(begun)
    }

    /// Where the branch stood before a person worked on it; none for an agent's attempt, which knows that itself.
    pub(in crate::schedule) fn tip_before_people(&self, attempt: &Attempt) -> Option<CommitId> {
        let record = self.history_of(&attempt.id)?;
        if record.exit != Some(Exit::ByHand) {
            return None;
        }
        let begin = || self.worktree().map(|made| made.base.clone());
        self.made.clone().or_else(begin)
    }

    /// The commits on which work was reported done that an attempt must have left on the branch, with what was.
    pub(in crate::schedule) fn said_on(&self, attempt: &Attempt) -> Vec<(CommitId, Vec<ItemId>)> {
        let mut on: Vec<(CommitId, Vec<ItemId>)> = Vec::new();
        for (id, item) in &self.items {
            // Where units have branches of their own, what others said was said on those.
            let same_branch = |by: &AttemptId| {
                let units = self.history_of(by).map(|record| record.units.first());
                *by == attempt.id || units == Some(attempt.units.first())
            };
            let own = !self.by_units || item.by.as_ref().is_some_and(same_branch);
            let Some(commit) = item
                .commit
                .as_ref()
                .filter(|_| own && item.state == TaskState::Done)
            else {
                continue;
            };
            match on.iter_mut().find(|(known, _)| known == commit) {
                Some((_, items)) => items.push(id.clone()),
                None => on.push((commit.clone(), vec![id.clone()])),
            }
        }
        on
    }

    /// What was reported done on commits that are gone is to be done again.
    pub(in crate::schedule) fn reopen_gone(&mut self, at: At, evidence: &Evidence) {
        for id in evidence.gone.iter().flat_map(|gone| &gone.items) {
            if let Some(item) = self.items.get_mut(id) {
                item.state = TaskState::Pending;
                item.since = at;
            }
            // That it was said is not forgotten: what stands in a file without a time is no news.
            self.proven.retain(|unit| !unit.covers(id.task));
            self.made_before.remove(&id.task);
            self.unreach(id.task);
        }
    }

    /// Work that was shown was called failed afterwards: the last word counts, as long as the work has not landed.
    pub(in crate::schedule) fn withdraw(&mut self, at: At, task: TaskId) {
        let shown =
            self.proven.iter().any(|unit| unit.covers(task)) || self.phases_done.contains_key(&task.phase);
        self.made_before.remove(&task);
        self.reopen_check(task);
        if !shown || !self.landed.is_empty() {
            return;
        }
        self.proven.retain(|unit| !unit.covers(task));
        self.unreach(task);
        if self.outcome == Some(Outcome::Finished) {
            self.outcome = None;
            self.verify = Verify::Open;
            self.since = at;
        }
    }

    /// What a check of the phase found was found of other work than there will be.
    fn reopen_check(&mut self, task: TaskId) {
        let check = TaskId::verify(task.phase);
        if task == check {
            return;
        }
        self.proven.remove(&UnitId::Task(check));
        // That it was said is not forgotten: the same statement is no news.
        if let Some(item) = self
            .items
            .get_mut(&check.into())
            .filter(|item| item.state == TaskState::Done)
        {
            item.state = TaskState::Pending;
        }
    }

    /// The task is open again, and so is what was called reached because of it: whoever starts from there from now on waits
    /// for what is made of it then. Those who have started already go on.
    pub(in crate::schedule) fn unreach(&mut self, task: TaskId) {
        let phase = task.phase;
        self.reopen_check(task);
        self.phases_done.remove(&phase);
        for point in [Point::Task(task), Point::Phase(phase)] {
            self.pins.remove(&point);
        }
        // Commits with which other phases ended hold it as it was.
        let pins = &mut self.pins;
        self.ends.retain(|other, end| {
            let holds = *other == phase || end.done.contains(&phase);
            if holds {
                pins.remove(&Point::Phase(*other));
            }
            !holds
        });
    }
}
