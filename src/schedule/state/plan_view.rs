//! Queries about a plan: pauses, limits, reports on tasks, conflicts and messages.

use super::attempt::{Attempt, AttemptRecord};
use super::limits::Parking;
use super::lost::Lost;
use super::person::mail::MailState;
use super::phase_run::PhaseCheck;
use super::plan_run::{Item, Outcome, PlanRun};
use super::tries::Tries;
use crate::plan::{
    AgentName, AttemptId, CommitId, ItemId, Message, PhaseId, PlanName, Point, TaskId, TaskState, UnitId,
    WorkRef,
};
use crate::schedule::event::at::At;
use crate::schedule::event::exit::Exit;
use crate::schedule::event::resolving::up_to;
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::event::why::because::{Because, Hold};
use crate::schedule::work::plans::PlanWork;

impl PlanRun {
    /// True while a landing has taken work or requirements from the plan and nobody has accepted that. Nothing of the plan is
    /// handed on meanwhile.
    pub(in crate::schedule) fn has_less_to_show(&self) -> bool {
        matches!(self.outcome, Some(Outcome::Held(Hold::TakenAway { .. })))
    }

    /// True when only a retry of the whole plan lets it continue.
    pub(in crate::schedule) fn is_held_as_whole(&self) -> bool {
        self.has_less_to_show() || self.outcome == Some(Outcome::Held(Hold::JournalLost {}))
    }

    /// True when agents have committed on the unit's own branch, or an attached person worked there, and the next attempt continues
    /// there.
    pub(in crate::schedule) fn has_branch_work(&self, unit: UnitId) -> bool {
        let begun = |record: &AttemptRecord| {
            record.commits > 0
                && !record.merged
                && record.exit != Some(Exit::ByHand)
                && record.units.first() == Some(&unit)
        };
        let fresh = self.tries_of(Some(unit), false).fresh;
        self.hands.entered.contains(&unit) || (!fresh && self.work_attempts().any(begun))
    }

    /// The branch tip before a person worked on it. `None` for an agent's attempt, which has its own record of that.
    pub(in crate::schedule) fn tip_before_people(&self, attempt: &Attempt) -> Option<CommitId> {
        let record = self.history_of(&attempt.id)?;
        if record.exit != Some(Exit::ByHand) {
            return None;
        }
        let begin = || self.worktree().map(|made| made.base.clone());
        self.made.clone().or_else(begin)
    }

    /// The commits on which work was reported done and which the attempt must have left on the branch, each with the reported
    /// items.
    pub(in crate::schedule) fn reported_on(&self, attempt: &Attempt) -> Vec<(CommitId, Vec<ItemId>)> {
        let mut on: Vec<(CommitId, Vec<ItemId>)> = Vec::new();
        for (id, item) in &self.items {
            // When units have branches of their own, others made their reports on those branches.
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

    /// The agent's wait in this plan, until it is over.
    pub(in crate::schedule) fn parking(&self, agent: &AgentName, now: At) -> Option<&Parking> {
        self.parked.get(agent).filter(|parking| parking.until > now)
    }

    /// The earliest moment after `now` at which work of the plan that only waits for a time can continue.
    pub(in crate::schedule) fn next_time(&self, now: At) -> Option<At> {
        let parked = self
            .parked
            .values()
            .map(|parking| parking.until)
            .filter(|until| *until > now);
        let retry = self.next_retry(now).map(|(due, _)| due);
        parked.chain(retry).min()
    }

    /// The moment of the earliest retry after `now`, with the unit. The unit is `None` for the repair of a failed verification.
    pub fn next_retry(&self, now: At) -> Option<(At, Option<UnitId>)> {
        let units = self
            .tries
            .iter()
            .filter_map(|(unit, tries)| Some((tries.retry_at?, Some(*unit))));
        let repair = self.repair.retry_at.map(|at| (at, None));
        units.chain(repair).filter(|(at, _)| *at > now).min()
    }

    /// True when a person paused the whole plan. Nothing new of it begins, and it is neither verified nor landed.
    pub fn is_paused(&self) -> bool {
        self.paused.contains_key(&Point::Plan)
    }

    /// True when a person paused the plan, or a part of it that is to land.
    pub fn is_landing_paused(&self) -> bool {
        let lands = |point: &Point| {
            let phase = match point {
                Point::Plan => return true,
                Point::Phase(phase) => phase,
                Point::Task(task) => &task.phase,
            };
            match &self.merge_prefix {
                Some(part) => part.phases.contains(phase),
                None => self.outcome == Some(Outcome::Finished),
            }
        };
        self.paused.keys().any(lands)
    }

    /// The paused point that contains the unit, `None` when nothing keeps new work on the unit from beginning.
    pub fn pause_of(&self, unit: UnitId) -> Option<Point> {
        let points = [Point::Plan, Point::Phase(unit.phase()), unit.point()];
        points.into_iter().find(|point| self.paused.contains_key(point))
    }

    /// True when a person asked for the unit's agent to be stopped.
    pub fn is_to_be_stopped(&self, unit: UnitId) -> bool {
        let points = [Point::Plan, Point::Phase(unit.phase()), unit.point()];
        points.iter().any(|point| self.paused.get(point) == Some(&true)) || self.is_being_cancelled(unit)
    }

    /// True when a person cancelled the unit, on its own or with its phase or plan, and nobody has asked for it again since.
    pub fn is_being_cancelled(&self, unit: UnitId) -> bool {
        if self.cancelling.contains(&Point::Plan) {
            return true;
        }
        let narrow_first = [unit.point(), Point::Phase(unit.phase())];
        let said = narrow_first
            .iter()
            .find(|point| self.cancelling.contains(point) || self.spared.contains(point));
        said.is_some_and(|point| self.cancelling.contains(point))
    }

    /// The commit of the phase's end that passed its verification, and the phases that were done when that began.
    pub(in crate::schedule) fn verified_end(&self, phase: PhaseId) -> Option<(CommitId, Vec<PhaseId>)> {
        let Some(PhaseCheck::Passed(commit, begun)) = self.phase_checks.get(&phase) else {
            return None;
        };
        let before = self
            .phases_done
            .iter()
            .filter(|(other, at)| **at <= *begun && **other != phase);
        let holds = before.map(|(other, _)| *other).chain([phase]);
        Some((commit.clone(), holds.collect()))
    }

    /// The commits that landed the plan on a target: first the one of the whole plan, then the one of its first phases.
    pub fn commits_on(&self, target: &str) -> impl Iterator<Item = &CommitId> {
        let part = self.landed_prefix.get(target).map(|part| &part.commit);
        self.landed.get(target).into_iter().chain(part)
    }

    /// The part of the plan that conflicts with the target and waits for somebody: all of it, or its first phases.
    pub fn in_conflict(&self, name: &PlanName) -> Option<WorkRef> {
        if let Some(MergeTrouble::Conflict { .. }) = self.merge_trouble {
            return Some(WorkRef::whole(name));
        }
        let (phase, trouble) = self.prefix_trouble.as_ref()?;
        matches!(trouble, MergeTrouble::Conflict { .. }).then(|| up_to(name, Some(*phase)))
    }

    /// The unresolved conflict of the plan, with the target or with the commit of a dependency: the last phase that it is about
    /// (`None` for the whole plan), and the files. A person who pauses the plan sets its conflict aside.
    pub(in crate::schedule) fn open_conflict(&self) -> Option<(Option<PhaseId>, &[String])> {
        if self.paused.contains_key(&Point::Plan) && self.resolution.agent.is_none() {
            return None;
        }
        let (about, trouble) = match &self.outcome {
            Some(Outcome::Held(Hold::Conflict { files, .. })) => return Some((None, files)),
            Some(Outcome::Failed(_) | Outcome::Skipped(_) | Outcome::Cancelled) => return None,
            Some(Outcome::Finished) if !self.landed.is_empty() => return None,
            Some(Outcome::Finished) => (None, self.merge_trouble.as_ref()?),
            Some(Outcome::Held(_)) | None => {
                let (phase, trouble) = self.prefix_trouble.as_ref()?;
                (Some(*phase), trouble)
            }
        };
        let MergeTrouble::Conflict { files, .. } = trouble else {
            return None;
        };
        Some((about, files))
    }

    /// True when nothing known keeps a merge of the finished plan from being tried.
    pub(in crate::schedule) fn may_merge(&self) -> bool {
        self.merge_trouble.is_none() || self.merge_again
    }

    /// True when the last report on a task of the phase was that it failed.
    pub fn has_failed_task(&self, phase: PhaseId) -> bool {
        let failed = |(id, item): (&ItemId, &Item)| id.task.phase == phase && item.state == TaskState::Failed;
        self.items.iter().any(failed)
    }

    /// True when the task needs no more work: it was declared needless, or an attempt with commits did it beyond its own units.
    pub fn needs_nothing(&self, task: TaskId) -> bool {
        match self.item_state(&task.into()) {
            TaskState::Skipped => true,
            TaskState::Done => self.made_before.contains(&task),
            TaskState::Pending | TaskState::Ready | TaskState::Running | TaskState::Failed => false,
        }
    }

    /// True when the document had the task ticked when the plan began.
    pub(in crate::schedule) fn was_ticked(&self, item: &ItemId) -> bool {
        let begun = self.ticks_at_first.as_ref();
        begun.is_some_and(|begun| begun.items.contains(item))
    }

    /// True for a task that was ticked when the plan began and is still done.
    pub(in crate::schedule) fn is_done_by_tick(&self, task: TaskId) -> bool {
        let item = ItemId::from(task);
        self.was_ticked(&item) && self.is_item_settled(&item)
    }

    /// The tip of the plan's branch when an agent of the plan last saw it. `None` when units have branches of their own.
    pub(in crate::schedule) fn seen_by_agents(&self) -> Option<&CommitId> {
        let began = self.worktree().map(|made| &made.base);
        let seen = self.hands.seen.as_ref().or(began);
        seen.filter(|_| !self.by_units)
    }

    /// The state of the message with this number. The answer to a question of a unit waits for an agent at that unit.
    pub fn mail_state(&self, id: u32) -> MailState {
        let is_owed = |tries: &Tries| tries.owed.contains(&id);
        match self.mail.state(id) {
            MailState::Delivered | MailState::Read
                if self.mail.addressed.contains_key(&id) && self.tries.values().any(is_owed) =>
            {
                MailState::Waiting
            }
            state => state,
        }
    }

    /// Unread messages from people and other plans. Empty when an agent worked and nobody looked what it read.
    pub fn unread(&self) -> impl Iterator<Item = &Message> {
        let nobody = self.work_attempts().all(|record| record.ended.is_none());
        let read = self.mail.read.or(nobody.then_some(0));
        let known = read.map(|read| read.max(self.mail.told));
        let messages = self.mail.inbox.iter().filter(|message| !message.by_orch);
        messages.filter(move |message| known.is_some_and(|known| message.id > known))
    }

    /// The unread messages as a reason, if there are any.
    pub fn why_unread(&self) -> Option<Because> {
        why_unread(self.unread().collect())
    }

    /// Likewise, without answers to questions of other units than these.
    pub(in crate::schedule) fn why_unread_by(&self, units: &[UnitId]) -> Option<Because> {
        let concerns = |message: &&Message| self.mail.concerns(message, units);
        why_unread(self.unread().filter(concerns).collect())
    }

    /// Why the plan, or its phases up to `up_to`, did not land.
    pub(in crate::schedule) fn trouble_of(&self, up_to: Option<PhaseId>) -> Option<&MergeTrouble> {
        match (up_to, &self.prefix_trouble) {
            (None, _) => self.merge_trouble.as_ref(),
            (Some(up_to), Some((phase, trouble))) if up_to == *phase => Some(trouble),
            (Some(_), _) => None,
        }
    }

    /// The VERIFY block that failed in the background, if one did. No new work begins after that.
    pub fn failed_check(&self) -> Option<TaskId> {
        let held = self
            .lost
            .iter()
            .filter(|(_, lost)| matches!(lost, Lost::Held { .. }));
        held.map(|(unit, _)| *unit).find_map(|unit| match unit {
            UnitId::Task(task) => Some(task).filter(|task| task.is_verify()),
            UnitId::Phase(_) => None,
        })
    }

    /// True when no work on the plan has ever begun, and nobody has reported on the plan or steered it.
    pub(in crate::schedule) fn is_untouched(&self) -> bool {
        let steered = !self.paused.is_empty() || !self.approved.is_empty() || !self.cancelling.is_empty();
        self.worktrees.is_empty() && !steered && self.has_made_nothing()
    }

    /// True when nobody works on the plan and no attempt has brought a commit to its branch.
    pub(in crate::schedule) fn has_made_nothing(&self) -> bool {
        let alone = self.worktrees.keys().all(|lane| *lane == 0);
        alone
            && self.outcome.is_none()
            && self.attempts.is_empty()
            && self.proven.is_empty()
            && self.phases_done.is_empty()
            && self.pins.is_empty()
            && self.landed.is_empty()
            && !self.people_spoke
            && self.tries.values().all(|tries| tries.commits == 0)
    }

    /// The sub-tasks of the task, or the numbered boxes of the VERIFY block.
    pub(in crate::schedule) fn pieces_of(&self, whole: &ItemId) -> impl Iterator<Item = &ItemId> {
        let pieces = self.pieces.get(&whole.task).filter(|_| whole.sub.is_none());
        pieces.into_iter().flatten()
    }

    /// The task or VERIFY block that an item is, or is a part of.
    pub(in crate::schedule) fn whole_of(&self, item: &ItemId) -> TaskId {
        let check = TaskId::verify(item.task.phase);
        let checks = self.pieces.get(&check);
        match checks.is_some_and(|checks| checks.contains(item)) {
            true => check,
            false => item.task,
        }
    }
}

impl PlanWork {
    /// True when the phase has a verification of its own, and was not ticked before anything began.
    pub(in crate::schedule) fn is_verified(&self, run: &PlanRun, phase: PhaseId) -> bool {
        let mut units = self.units.iter().filter(|unit| unit.id.phase() == phase);
        self.phase(phase).is_some_and(|phase| phase.verify)
            && units.any(|unit| !run.ticked.contains(&unit.id))
    }

    /// Phases with a verification of their own that are done once these units are.
    pub(in crate::schedule) fn phases_completed(&self, run: &PlanRun, units: &[UnitId]) -> Vec<PhaseId> {
        let is_open = |id: UnitId| !units.contains(&id) && !run.is_unit_done(id) && !self.is_background(id);
        let mut phases: Vec<PhaseId> = units.iter().map(|unit| unit.phase()).collect();
        phases.sort_unstable();
        phases.dedup();
        phases.retain(|phase| {
            let mut own = self.units.iter().filter(|unit| unit.id.phase() == *phase);
            self.is_verified(run, *phase)
                && !run.phases_done.contains_key(phase)
                && !own.any(|unit| is_open(unit.id))
        });
        phases
    }
}

fn why_unread(unread: Vec<&Message>) -> Option<Because> {
    let first = unread.first()?;
    Some(Because::Unread {
        count: unread.len(),
        from: first.from.clone(),
        text: first.text.lines().next().unwrap_or_default().to_owned(),
    })
}
