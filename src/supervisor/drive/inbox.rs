//! Turns messages into inputs of the scheduler.

use crate::agent::{JobFolder, JobState};
use crate::journal::Verdicts;
use crate::plan::{AttemptId, LaneId, PlanName, PlanSet, WorkRef};
use crate::schedule::{
    AttachBegan, AttemptState, Event, Exit, Input, Outgoing, PersonFact, Steer, SteerRefusal, answer, attach,
    review, seen, send,
};
use crate::status;
use crate::words::{RefusalText, addressee};

use super::engine::Engine;
use crate::supervisor::conflict::about_conflict::ResolveStep;
use crate::supervisor::control::merge_request::MergeRequest;
use crate::supervisor::control::request::{Answer, Request};
use crate::supervisor::control::socket::PendingRequest;
use crate::supervisor::control::steering;
use crate::supervisor::desk::core::warn;
use crate::supervisor::desk::message::{EngineMessage, StepDone};
use crate::supervisor::perform::tree::disk;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::load::load;
use crate::supervisor::recovery::attempts::end_before_start;
use crate::supervisor::recovery::output;
use crate::supervisor::tell::delivery;
use crate::supervisor::tell::notifier::Notifier;
use crate::supervisor::view::situation::unreviewed;
use crate::supervisor::watch::displaced::look_for_displaced;
use crate::supervisor::watch::obstacles::bring_checkouts_along;
use crate::supervisor::watch::{pins, spending};
use crate::supervisor::work::resolving::resolve_later;
use crate::supervisor::work::status_feed::read_later;

impl Engine<'_> {
    /// The event for the end of an attempt. An engine that did not accept a job has refused the attempt.
    fn end_of(&self, plan: PlanName, attempt: AttemptId, exit: Exit) -> Event {
        let known = self.desk.scheduler.state().plan(&plan).attempt(&attempt);
        let refused = known
            .filter(|known| known.state == AttemptState::Submitted)
            .and_then(|_| end_before_start(&plan, &attempt, &exit));
        let why = JobFolder::new(self.desk.project.dir.attempt(&attempt)).far_end();
        refused.unwrap_or(Event::AgentEnded {
            plan,
            attempt,
            exit,
            why,
        })
    }

    /// Turns messages into inputs of the scheduler.
    pub(super) fn translate(
        &mut self,
        message: EngineMessage,
        inputs: &mut Vec<Input>,
    ) -> Result<(), SupervisorError> {
        disk::refuse_full(&self.desk.project)?;
        match message {
            EngineMessage::Input(input) => {
                // What a person reported last is known before the person's work is judged.
                if let Input::Event(Event::Person(PersonFact::AttachEnded(ended))) = &input {
                    self.hear_people(&ended.plan)?;
                }
                inputs.push(input);
            }
            EngineMessage::Started(attempt, runner) => {
                self.runners.add(attempt, runner);
            }
            EngineMessage::HandedOver(lane, attempt) => {
                if let Err(why) = self.runners.attend_away(&self.desk, lane.clone(), &attempt) {
                    warn(
                        inputs,
                        Some(lane.plan),
                        format!("{attempt} cannot be watched: {why}"),
                    );
                }
            }
            EngineMessage::StatusHint(lane) => read_later(&self.desk, lane),
            EngineMessage::StatusRead(lane, reading) => {
                self.collect_posted(&lane, inputs)?;
                inputs.extend(delivery::read_by(&self.desk, &lane));
                self.reports.take(&self.desk, lane, reading, inputs);
            }
            EngineMessage::RunnerGone(plan, attempt, ended) => {
                self.runners.forget(&attempt);
                let exit = match ended {
                    Ok(JobState::Ended(record)) => record.exit,
                    Ok(
                        JobState::Lost(_) | JobState::Unstarted | JobState::Running(_) | JobState::Away(_),
                    ) => Exit::Lost,
                    Err(error) => {
                        warn(
                            inputs,
                            Some(plan.clone()),
                            format!("the end of {attempt} cannot be read: {error}"),
                        );
                        Exit::Lost
                    }
                };
                self.stray_writes.look_beside(&self.desk);
                self.stray_writes.look_at_hooks(inputs);
                pins::repair(&self.desk);
                // Usage is recorded before the end, because decisions about the end depend on it.
                inputs.extend(output::usage(&self.desk.project.dir, &plan, &attempt).map(Input::Event));
                inputs.push(Input::Event(self.end_of(plan, attempt, exit)));
            }
            EngineMessage::Looked(began, seen) => self.stray_writes.looked(&self.desk, began, seen, inputs),
            EngineMessage::LookForConflicts => {
                self.hand_landings.look(&self.desk);
                let lapsed = unreviewed(&self.desk.project, self.desk.scheduler.state()).into_iter();
                inputs.extend(lapsed.map(Input::Event));
                self.obstacles.look(&self.desk);
                bring_checkouts_along(&self.desk);
                if !self.runners.is_empty() {
                    look_for_displaced(&self.desk);
                    self.target.look(&self.desk);
                    self.conflicts.look(&self.desk);
                }
            }
            EngineMessage::Unhindered(plans) => self.obstacles.take(&self.desk, plans, inputs),
            EngineMessage::Conflicts(looked) => self.conflicts.take(&self.desk, looked, inputs),
            EngineMessage::ConflictsRested => self.conflicts.end_rest(&self.desk),
            EngineMessage::TargetLooked(tip, told) => self.target.looked(tip, told, inputs),
            EngineMessage::Landings(found) => inputs.extend(found.into_iter().map(Input::Event)),
            EngineMessage::LookAtSpending => spending::look(&self.desk, inputs),
            EngineMessage::Resolved(step) => {
                self.handle(std::mem::take(inputs))?;
                self.take_step(*step)?;
            }
            EngineMessage::Call(call) => self.answer(call, inputs)?,
            EngineMessage::ManifestHint => self.manifest.read_later(&self.desk),
            EngineMessage::ManifestRead(read) => {
                // Earlier messages are handled first.
                self.handle(std::mem::take(inputs))?;
                self.take_edit(*read)?;
            }
            EngineMessage::Interrupt => {
                self.interrupts += 1;
                let now = self.interrupts > 1;
                if now {
                    self.slow_git.end();
                }
                inputs.push(Input::Event(Event::RunStopping { now }));
            }
            EngineMessage::JournalFailed(error) => return Err(error.into()),
            EngineMessage::Warning(plan, why) => warn(inputs, plan, why),
        }
        Ok(())
    }

    pub(super) fn answer(
        &mut self,
        call: PendingRequest,
        inputs: &mut Vec<Input>,
    ) -> Result<(), SupervisorError> {
        match call.request {
            Request::Down { now } => {
                if now {
                    self.slow_git.end();
                }
                inputs.push(Input::Event(Event::RunStopping { now }));
                let _ = call.reply.send(Answer::Accepted);
            }
            Request::Steer { what, steer } => {
                // Earlier messages are handled first, so that they count.
                self.handle(std::mem::take(inputs))?;
                if steer == Steer::Retry {
                    // What was edited just before, such as a budget, counts for what is tried again.
                    let read = load(&self.desk.project.manifest);
                    self.take_edit(read)?;
                }
                let answer = self.steer(&what, steer)?;
                let _ = call.reply.send(answer);
            }
            Request::Send(outgoing) => {
                self.handle(std::mem::take(inputs))?;
                let answer = answer_of(self.send(&outgoing)?);
                let _ = call.reply.send(answer);
            }
            Request::Seen { up_to } => {
                let events = seen(self.desk.scheduler.state(), up_to).into_iter();
                inputs.extend(events.map(Input::Event));
                let _ = call.reply.send(Answer::Accepted);
            }
            Request::Attach(began) => {
                self.handle(std::mem::take(inputs))?;
                let answer = answer_of(self.attach(&began)?);
                let _ = call.reply.send(answer);
            }
            Request::Answer { what, question, text } => {
                self.handle(std::mem::take(inputs))?;
                let (work, state) = (self.desk.scheduler.work(), self.desk.scheduler.state());
                let asked = answer(work, state, &what, question.as_deref(), &text);
                let _ = call.reply.send(self.carry_out(asked)?);
            }
            Request::Review { plan, step } => {
                self.handle(std::mem::take(inputs))?;
                let (work, state) = (self.desk.scheduler.work(), self.desk.scheduler.state());
                let asked = review(work, state, &plan, &step);
                let _ = call.reply.send(self.carry_out(asked)?);
            }
            Request::Train => {
                self.handle(std::mem::take(inputs))?;
                let (into, places) = self.desk.scheduler.train_places();
                let _ = call.reply.send(Answer::Train { into, places });
            }
            Request::Resolve { plan, step } => {
                self.handle(std::mem::take(inputs))?;
                resolve_later(&self.desk, plan, step, call.reply);
            }
            Request::Merge { plans, into } => {
                // Earlier messages are handled first, so that they count.
                self.handle(std::mem::take(inputs))?;
                self.request_merge(plans, into, Some(call.reply))?;
            }
        }
        Ok(())
    }

    /// Records the events of a request, unless the request is refused.
    fn carry_out(&mut self, asked: Result<Vec<Event>, SteerRefusal>) -> Result<Answer, SupervisorError> {
        let refusal = match asked {
            Ok(events) => {
                self.handle(events.into_iter().map(Input::Event).collect())?;
                None
            }
            Err(refusal) => Some(refusal.into()),
        };
        Ok(answer_of(refusal))
    }

    pub(super) fn request_merge(
        &mut self,
        plans: Vec<WorkRef>,
        into: Option<String>,
        reply: Option<tokio::sync::oneshot::Sender<Answer>>,
    ) -> Result<(), SupervisorError> {
        if let Some(name) = plans
            .iter()
            .map(|work| &work.plan)
            .find(|name| self.desk.project.plan(name).is_none())
        {
            let why =
                format!("there is no plan `{name}` in the manifest that the supervisor was started with");
            if let Some(reply) = reply {
                let _ = reply.send(Answer::Refused { why, hint: None });
            }
            return Ok(());
        }
        self.desk.pool.try_anew();
        // A person who asks wants another try. Without verdicts there is nothing to forget.
        let _ = Verdicts::open(&self.desk.project.dir).and_then(|verdicts| verdicts.forget_reds());
        let target = into.clone().unwrap_or_else(|| self.desk.project.target.clone());
        let before = self.desk.project.repo.branch_tip(&target)?;
        let request = MergeRequest::new(&plans, &target, before, self.desk.scheduler.state(), reply);
        self.requests.add(request);
        self.handle(vec![Input::Event(Event::MergeRequested { plans, into })])
    }

    /// Applies the edited manifest, as far as edits are still allowed.
    fn take_edit(&mut self, read: Result<PlanSet, SupervisorError>) -> Result<(), SupervisorError> {
        let hooks = self.desk.project.set.hooks.clone();
        let inputs = self.manifest.take(&mut self.desk, read)?;
        if hooks != self.desk.project.set.hooks {
            // The old notifier finishes its notices.
            self.notifier = Some(Notifier::new(&self.desk.project, &self.desk.sender));
        }
        if inputs.is_empty() {
            return Ok(());
        }
        self.handle(inputs)
    }

    /// Carries out a request for all of these, or for none of them.
    pub(super) fn steer(&mut self, what: &[WorkRef], asked: Steer) -> Result<Answer, SupervisorError> {
        // A person's work and reports count before any agent continues.
        let mut too_late = Vec::new();
        for work in what {
            self.hear_people(&work.plan)?;
            let gone = self
                .landing
                .as_ref()
                .is_some_and(|gate| !gate.withdraw(&work.plan));
            if gone && self.desk.scheduler.state().plan(&work.plan).landed.is_empty() {
                too_late.push(format!("{} is landing now", work.plan));
            }
        }
        Ok(match steering::all(&self.desk.scheduler, what, asked) {
            Ok((events, mut remarks)) => {
                remarks.extend(too_late);
                let changed = !events.is_empty();
                self.handle(events.into_iter().map(Input::Event).collect())?;
                Answer::Steered { changed, remarks }
            }
            Err(RefusalText { why, hint }) => Answer::Refused { why, hint },
        })
    }

    /// Prepares for a person who takes over. Returns why that is refused.
    fn attach(&mut self, began: &AttachBegan) -> Result<Option<RefusalText>, SupervisorError> {
        // People's reports count before the agent's turn is ended.
        self.hear_people(&began.plan)?;
        let gate = self.landing.as_ref();
        if gate.is_some_and(|gate| !gate.withdraw(&began.plan)) {
            return Ok(Some(RefusalText {
                why: format!("{} is landing now", began.plan),
                hint: None,
            }));
        }
        match attach(self.desk.scheduler.work(), self.desk.scheduler.state(), began) {
            Ok(events) => {
                self.handle(events.into_iter().map(Input::Event).collect())?;
                Ok(None)
            }
            Err(refusal) => Ok(Some(refusal.into())),
        }
    }

    /// Sends a message. Returns why that is refused.
    pub(super) fn send(&mut self, outgoing: &Outgoing) -> Result<Option<RefusalText>, SupervisorError> {
        let scheduler = &self.desk.scheduler;
        match send(scheduler.work(), scheduler.state(), outgoing) {
            Ok(events) => {
                self.handle(events.into_iter().map(Input::Event).collect())?;
                Ok(None)
            }
            Err(refusal) => Ok(Some(refusal.into())),
        }
    }

    /// Sends the messages in a worktree's outbox. A message that cannot be sent gives a warning about its plan.
    pub(super) fn collect_posted(
        &mut self,
        lane: &LaneId,
        inputs: &mut Vec<Input>,
    ) -> Result<(), SupervisorError> {
        let worktree = self.desk.worktree(lane);
        let waiting = self.reports.unsent(&worktree);
        if waiting.is_empty() {
            return Ok(());
        }
        self.handle(std::mem::take(inputs))?;
        let ids: Vec<String> = waiting.iter().map(|message| message.id.clone()).collect();
        for message in waiting {
            let outgoing = Outgoing {
                from: Some(lane.plan.clone()),
                to: message.to,
                kind: message.kind,
                text: message.text,
                answers: message.answers,
            };
            if let Some(refusal) = self.send(&outgoing)? {
                let why = format!(
                    "its message to {} was not sent: {}",
                    addressee(outgoing.to.as_ref()),
                    refusal.why
                );
                let plan = Some(lane.plan.clone());
                inputs.push(Input::Event(Event::warning(plan, why)));
            }
        }
        // A line that cannot be removed is recognised by its id for as long as this supervisor lives.
        tokio::task::spawn_blocking(move || status::take_posted(&worktree, &ids));
        Ok(())
    }

    /// Records the result of a step. A resolution is landed at once, for the person who asked.
    pub(super) fn take_step(&mut self, step: StepDone) -> Result<(), SupervisorError> {
        let (events, report) = match step.done {
            Ok(done) => done,
            Err(RefusalText { why, hint }) => {
                let _ = step.reply.send(Answer::Refused { why, hint });
                return Ok(());
            }
        };
        self.handle(events.into_iter().map(Input::Event).collect())?;
        match step.step {
            ResolveStep::Continue => self.request_merge(vec![step.what], None, Some(step.reply)),
            ResolveStep::Open | ResolveStep::Abort => {
                // The requesting process may have ended.
                let _ = step.reply.send(Answer::Resolved(report));
                Ok(())
            }
        }
    }
}

fn answer_of(refusal: Option<RefusalText>) -> Answer {
    match refusal {
        None => Answer::Accepted,
        Some(RefusalText { why, hint }) => Answer::Refused { why, hint },
    }
}
