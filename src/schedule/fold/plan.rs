//! The fold of one plan's events into its state.

use crate::plan::{AttemptId, Point, TaskId, TaskState, UnitId, WhyAgain};

use crate::schedule::event::about::{Failed, PinRefusal, Steered, TaskReport, UnitOf, WorkConflict};
use crate::schedule::event::at::At;
use crate::schedule::event::exit::Exit;
use crate::schedule::event::fact::Event;
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::judge::ticks::TicksOf;
use crate::schedule::state::attempt::{Attempt, AttemptRecord, Integration, Stage};
use crate::schedule::state::lost::Lost;
use crate::schedule::state::plan_run::{Item, Outcome, PlanRun, Verify};
use crate::schedule::state::tries::Tries;

impl PlanRun {
    pub(in crate::schedule) fn apply(&mut self, at: At, event: &Event) {
        match event {
            Event::WorktreeCreated { .. }
            | Event::WorktreeRefused(_)
            | Event::WorktreeWaits(_)
            | Event::WorktreeDeferred(_)
            | Event::WorktreeLost(_) => self.apply_worktree(at, event),
            Event::AttemptAssigned { .. } => self.was_assigned(at, event),
            Event::AgentStarted { attempt, head, .. } => {
                if let Some(current) = self.current(attempt) {
                    current.head = head.clone();
                    if current.stage == Stage::Assigned {
                        current.stage = Stage::Running;
                    }
                    let (told, units) = (current.told, current.units.clone());
                    // It begins with the first; whether it tells of that or not.
                    let first = current.units.first().map(|unit| unit.phase());
                    self.told = self.told.max(told);
                    self.touched.extend(first.filter(|_| !self.by_units));
                    self.listen_anew(&units);
                }
                if let Some(record) = self.record(attempt) {
                    record.started.get_or_insert(at);
                }
            }
            Event::AgentEnded { attempt, exit, .. } => {
                if let Some(record) = self.record(attempt) {
                    record.ended = Some(at);
                    record.exit = Some(exit.clone());
                }
                let first = self
                    .attempt(attempt)
                    .and_then(|attempt| attempt.units.first().copied());
                let on_plans = !first.is_some_and(|unit| self.has_branch_work(unit));
                if let Some(current) = self.current(attempt) {
                    current.stage = Stage::Ended(exit.clone());
                    current.ended = Some(at);
                    // A person works on the plan's branch.
                    if *exit == Exit::ByHand && on_plans {
                        current.integration = Integration::Merged;
                    }
                }
            }
            Event::AttemptChecked {
                attempt, evidence, ..
            } => {
                let spoken = self.spoken;
                let Some(current) = self.current(attempt) else {
                    return;
                };
                let Stage::Ended(exit) = &current.stage else {
                    return;
                };
                let by_hand = *exit == Exit::ByHand && current.integration == Integration::Merged;
                current.stage = Stage::Checked(exit.clone(), evidence.clone());
                current.judged_by_word = spoken;
                let (first, repair) = (current.units.first().copied(), current.repair);
                // From here on its commits may come to the plan's branch, whether anybody hears of it or not.
                let units = current.units.clone();
                if self.by_units {
                    self.touched.extend(units.iter().map(|unit| unit.phase()));
                    self.note_made_in(&units, &evidence.files);
                }
                // Where units have branches of their own it is told when they are merged.
                if let Some(head) = evidence
                    .head
                    .as_ref()
                    .filter(|_| !self.by_units || repair || by_hand)
                {
                    self.made = Some(head.clone());
                }
                self.read = self.read.max(evidence.read);
                if let Some(record) = self.history.iter_mut().rev().find(|record| record.id == *attempt) {
                    record.commits = evidence.commits;
                }
                if let Some(tries) = self.tries_mut(first, repair) {
                    tries.commits += evidence.commits;
                }
                self.reopen_gone(at, evidence);
                if evidence.foreign.is_none() {
                    // What the branch held when a point was to be pinned it may not hold any more.
                    self.pins_refused.clear();
                }
                // What was verified is no longer what is there.
                let head = evidence.head.as_ref();
                if let Verify::Passed(passed) = &self.verify
                    && (evidence.commits > 0 || head.is_some_and(|head| head != passed))
                {
                    self.verify = Verify::Open;
                }
            }
            Event::AttemptFailed { .. } => self.has_failed(at, event),
            Event::AgentTold(told) => {
                self.take_told(at, told);
            }
            Event::AttemptParked(parked) => self.was_parked(at, parked),
            Event::AgentRefused { .. } => {}
            Event::LegDone { attempt, units, .. } => {
                let ended = self.take_attempt(attempt);
                let repair = ended.as_ref().is_some_and(|ended| ended.repair);
                if let Some(ended) = &ended {
                    self.unpark(at, &ended.agent);
                }
                if let Some(ended) = &ended {
                    self.note_made_before(ended);
                }
                if repair {
                    self.verify = Verify::Open;
                    self.repair.attempts = 0;
                    self.repair.retry_at = None;
                } else {
                    let given = ended.map(|ended| ended.units).unwrap_or_default();
                    for unit in given.iter().chain(units) {
                        self.tries.remove(unit);
                    }
                    self.repair = Tries::default();
                }
                self.since = at;
                self.forget_short_end(units);
                for unit in units {
                    if let UnitId::Phase(phase) = unit {
                        self.note_shown(*phase);
                        let check = TaskId::verify(*phase);
                        if self.by_units && self.is_item_settled(&check.into()) {
                            self.proven.insert(UnitId::Task(check));
                        }
                        self.phases_done.entry(*phase).or_insert(at);
                    }
                    self.lost.remove(unit);
                    self.proven.insert(*unit);
                }
            }
            Event::Ticked(TicksOf { ticks, .. }) => self.note_ticked(ticks),
            Event::WorkAdded(UnitOf { unit, .. }) => self.grow(at, *unit),
            Event::WorkLeftOut(UnitOf { unit, .. }) => {
                self.lost.remove(unit);
                self.proven.insert(*unit);
            }
            Event::WorkMerged { attempt, commit, .. } => {
                self.made = Some(commit.clone());
                if let Some(current) = self.current(attempt) {
                    current.integration = Integration::Merged;
                }
            }
            Event::WorkConflicted(WorkConflict { attempt, files, .. }) => {
                let learned = self.found_in_conflict(attempt, files);
                if let Some(current) = self.current(attempt) {
                    current.learned = learned;
                    current.integration = Integration::Conflict(files.clone());
                }
            }
            Event::WorkRefused(refusal) => {
                if let Some(current) = self.current(&refusal.attempt) {
                    current.integration = Integration::Refused(refusal.why.clone());
                }
            }
            Event::WorkFailed {
                unit,
                why,
                held,
                built_on,
                ..
            } => {
                let (why, built_on) = (why.clone(), built_on.clone());
                let lost = if *held {
                    Lost::Held { why, built_on }
                } else {
                    Lost::Failed { why, built_on }
                };
                self.lost.insert(*unit, lost);
            }
            Event::WorkSkipped(skip) => {
                let (cause, why) = (skip.cause.clone(), skip.why.clone());
                self.lost.insert(skip.unit, Lost::Skipped { cause, why });
            }
            Event::TaskStarted(report) => self.report(at, TaskState::Running, report),
            Event::TaskDone(report) => {
                if !self.by_units {
                    self.touched.insert(report.task.task.phase);
                }
                self.report(at, TaskState::Done, report);
            }
            Event::TaskFailed(report) => self.report(at, TaskState::Failed, report),
            Event::TaskSkipped(report) => self.report(at, TaskState::Skipped, report),
            Event::PhaseDone { phase, proven, .. } => {
                // Should `dispatch` be another one day.
                if *proven {
                    self.proven.insert(UnitId::Phase(*phase));
                }
                self.phases_done.entry(*phase).or_insert(at);
            }
            Event::PhaseVerify(fact) => self.was_checked(at, fact),
            Event::Pinned(pinned) => self.was_pinned(at, pinned),
            Event::PinRefused(PinRefusal { point, why, .. }) => {
                self.pins_refused.insert(*point, why.clone());
            }
            Event::VerifyStarted { .. } => {
                self.verify = Verify::Running;
                self.since = at;
            }
            Event::VerifyPassed { commit, .. } => {
                self.verify = Verify::Passed(commit.clone());
                self.red = None;
            }
            Event::VerifyFailed(Failed { why, .. }) => {
                self.verify = Verify::Failed;
                self.repair.failures += 1;
                self.repair.last_failure = Some(why.clone());
                self.repair.before = Some((WhyAgain::Verify, why.clone()));
                self.red = Some(why.clone());
                self.since = at;
            }
            Event::VerifyStopped { .. } => self.verify = Verify::Open,
            Event::PlanFinished { .. } => {
                // What kept it from landing was about what it was before.
                self.merge_trouble = None;
                self.end(at, Outcome::Finished);
            }
            Event::PlanFailed(failed) => self.end(at, Outcome::Failed(failed.why.clone())),
            Event::PlanSkipped { plan, cause, why } => {
                self.left_out = plan == cause;
                self.end(at, Outcome::Skipped(why.clone()));
            }
            Event::PlanHeld { why, .. } => self.end(at, Outcome::Held(why.clone())),
            Event::PlanCancelled { .. } => {
                self.cancelling.clear();
                self.spared.clear();
                self.end(at, Outcome::Cancelled);
            }
            Event::WorkCancelled(UnitOf { unit, .. }) => {
                self.lost.insert(*unit, Lost::Cancelled);
                let open = |point: &Point| match point {
                    Point::Task(task) => *unit != UnitId::Task(*task),
                    Point::Phase(_) | Point::Plan => true,
                };
                self.cancelling.retain(open);
            }
            Event::Paused { point, now, .. } => {
                self.paused.insert(*point, *now);
                self.since = at;
            }
            Event::Resumed(Steered { point, .. }) => {
                self.paused.remove(point);
                // What was refused because of the pause may be asked for again, and lands by itself where it would have.
                if *point == Point::Plan && matches!(self.merge_trouble, Some(MergeTrouble::Refused { .. })) {
                    self.merge_trouble = None;
                }
                self.since = at;
            }
            Event::RetryRequested(Steered { point, .. }) => self.retry(at, *point),
            Event::CancelRequested(Steered { point, .. }) => {
                self.cancel(*point);
            }
            Event::Approved(Steered { point, .. }) => {
                self.approved.insert(*point);
                self.since = at;
            }
            Event::MergeStarted(begun) => self.merge_began(begun),
            Event::MergeLanded(landed) => self.has_landed(at, landed),
            Event::MergeFound(found) => self.was_found(at, found),
            Event::MergeReverted(back) => self.was_taken_back(at, back),
            Event::MergeRestored(back) => self.was_restored(at, back),
            Event::MergeFailed(failed) => self.has_not_landed(at, failed),
            Event::Resolve(fact) => self.apply_resolving(at, fact),
            Event::RunStarted { .. }
            | Event::RunStopping { .. }
            | Event::RunStopped { .. }
            | Event::RunSettled {}
            | Event::MergeRequested { .. }
            | Event::TargetChecked(_)
            | Event::MergeVerified(_)
            | Event::MergeFlaky(_)
            | Event::ManifestChanged(_)
            | Event::Warning { .. } => {}
            Event::AgentStuck(_)
            | Event::AgentStirred(_)
            | Event::StuckActed(_)
            | Event::ReportLate(_)
            | Event::MessageSent(_)
            | Event::ConflictForeseen(_)
            | Event::ConflictGone(_)
            | Event::UnionRed(_)
            | Event::UnionGreen(_)
            | Event::Escalated(_) => self.apply_notice(at, event),
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

    fn report(&mut self, at: At, state: TaskState, report: &TaskReport) {
        let item = &report.task;
        let started = self.items.get(item).and_then(|known| known.started);
        let entry = Item {
            state,
            started: started.or((state == TaskState::Running).then_some(at)),
            since: at,
            title: report.title.clone(),
            note: report.note.clone(),
            by: report.attempt.clone(),
            commit: report.commit.clone(),
            assumed: report.assumed,
        };
        self.items.insert(item.clone(), entry);
        self.heard.insert(item.clone(), state);
        if state == TaskState::Failed {
            self.withdraw(at, self.whole_of(item));
        }
        self.people_spoke |= report.attempt.is_none();
        if report.attempt.is_none()
            && let Some(said_at) = report.said_at
        {
            self.said_by_people.insert(item.clone(), said_at);
        }
        let by = report.attempt.as_ref();
        if let Some(said_at) = report.said_at
            && let Some(record) = by.and_then(|by| self.record(by))
        {
            record.said.insert(item.clone(), said_at);
        }
        let Some(attempt) = by.and_then(|by| self.current(by)) else {
            return;
        };
        // Journals from before `assumed` tell it by the time: what nobody said was recorded once all else was known.
        let assumed = report.assumed || (!attempt.reported && matches!(attempt.stage, Stage::Checked(..)));
        if assumed {
            return;
        }
        attempt.reported = true;
        if let Some(said_at) = report.said_at {
            attempt.said.insert(item.clone(), said_at);
        }
        let given = attempt.units.iter().any(|unit| unit.covers(item.task));
        if !given && item.sub.is_none() {
            // The last word counts, here too.
            match state.is_settled() {
                true => attempt.claimed.insert(item.task),
                false => attempt.claimed.remove(&item.task),
            };
        }
        self.spoken = true;
    }
}
