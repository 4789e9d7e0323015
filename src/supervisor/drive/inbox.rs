//! From what happened to what the scheduler is told.

use crate::agent::JobState;
use crate::journal::Verdicts;
use crate::plan::{PlanName, WorkRef};
use crate::schedule::{Event, Exit, Input, SteerRefusal};

use super::engine::Engine;
use crate::supervisor::control::merge_request::MergeRequest;
use crate::supervisor::control::request::{Answer, Request};
use crate::supervisor::control::socket::Call;
use crate::supervisor::desk::message::Message;
use crate::supervisor::perform::tree::disk;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::recovery::output;

impl Engine<'_> {
    /// From what happened to what the scheduler is told.
    pub(in crate::supervisor) fn translate(
        &mut self,
        message: Message,
        inputs: &mut Vec<Input>,
    ) -> Result<(), SupervisorError> {
        disk::refuse_full(&self.campaign)?;
        match message {
            Message::Input(input) => inputs.push(input),
            Message::Started(attempt, runner) => {
                self.runners.insert(attempt, runner);
            }
            Message::StatusHint(lane) => self.read_status_later(lane),
            Message::StatusRead(lane, reading) => {
                self.collect_posted(&lane, inputs)?;
                self.take_reading(lane, reading, inputs);
            }
            Message::RunnerGone(plan, attempt, ended) => {
                self.runners.remove(&attempt);
                self.still.forget(&attempt);
                let exit = match ended {
                    Ok(JobState::Ended(record)) => record.exit,
                    Ok(JobState::Lost(_) | JobState::Unstarted | JobState::Running(_)) => Exit::Lost,
                    Err(error) => {
                        self.warn(
                            inputs,
                            Some(plan.clone()),
                            format!("the end of {attempt} cannot be read: {error}"),
                        );
                        Exit::Lost
                    }
                };
                self.look_for_stray_writes();
                self.look_at_hooks(inputs);
                self.mend_pins();
                // Told before the end is: what follows from the end depends on it.
                inputs.extend(output::told(&self.campaign.dir, &plan, &attempt).map(Input::Event));
                inputs.push(Input::Event(Event::AgentEnded { plan, attempt, exit }));
            }
            Message::Looked(began, seen) => self.looked(began, seen, inputs),
            Message::LookForConflicts => {
                self.look_for_landings();
                self.look_for_obstacles();
                self.bring_checkouts_along();
                if !self.runners.is_empty() {
                    self.look_for_displaced();
                    self.look_at_target();
                    self.look_for_conflicts();
                }
            }
            Message::Unhindered(plans) => self.take_unhindered(plans, inputs),
            Message::Conflicts(looked) => self.take_conflicts(looked, inputs),
            Message::ConflictsRested => self.end_conflict_rest(),
            Message::TargetLooked(tip, told) => self.target_looked(tip, told, inputs),
            Message::Landings(found) => inputs.extend(found.into_iter().map(Input::Event)),
            Message::LookAtSpending => self.look_at_spending(inputs),
            Message::Resolved(step) => {
                self.handle(std::mem::take(inputs))?;
                self.take_step(*step)?;
            }
            Message::Call(call) => self.answer(call, inputs)?,
            Message::ManifestHint => self.read_manifest_later(),
            Message::ManifestRead(read) => {
                // What came before the edit is taken in first.
                self.handle(std::mem::take(inputs))?;
                self.take_edit(*read)?;
            }
            Message::Interrupt => {
                self.interrupts += 1;
                let now = self.interrupts > 1;
                if now {
                    self.end_slow_git();
                }
                inputs.push(Input::Event(Event::RunStopping { now }));
            }
            Message::JournalFailed(error) => return Err(error.into()),
            Message::Warning(plan, why) => self.warn(inputs, plan, why),
        }
        Ok(())
    }

    pub(in crate::supervisor) fn warn(&self, inputs: &mut Vec<Input>, plan: Option<PlanName>, why: String) {
        inputs.push(Input::Event(Event::Warning { plan, why }));
    }

    pub(in crate::supervisor) fn answer(
        &mut self,
        call: Call,
        inputs: &mut Vec<Input>,
    ) -> Result<(), SupervisorError> {
        match call.request {
            Request::Down { now } => {
                if now {
                    self.end_slow_git();
                }
                inputs.push(Input::Event(Event::RunStopping { now }));
                let _ = call.reply.send(Answer::Accepted);
            }
            Request::Steer { what, steer } => {
                // What came before the request is taken in first, so that it counts.
                self.handle(std::mem::take(inputs))?;
                let answer = self.steer(&what, steer)?;
                let _ = call.reply.send(answer);
            }
            Request::Send(outgoing) => {
                self.handle(std::mem::take(inputs))?;
                let answer = answer_of(self.send(&outgoing)?);
                let _ = call.reply.send(answer);
            }
            Request::Resolve { plan, step } => {
                self.handle(std::mem::take(inputs))?;
                self.resolve_later(plan, step, call.reply);
            }
            Request::Merge { plans, into } => {
                // What came before the request is taken in first, so that it counts.
                self.handle(std::mem::take(inputs))?;
                self.request_merge(plans, into, Some(call.reply))?;
            }
        }
        Ok(())
    }

    pub(in crate::supervisor) fn request_merge(
        &mut self,
        plans: Vec<WorkRef>,
        into: Option<String>,
        reply: Option<tokio::sync::oneshot::Sender<Answer>>,
    ) -> Result<(), SupervisorError> {
        if let Some(name) = plans
            .iter()
            .map(|work| &work.plan)
            .find(|name| self.campaign.plan(name).is_none())
        {
            let why =
                format!("there is no plan `{name}` in the manifest that the supervisor was started with");
            if let Some(reply) = reply {
                let _ = reply.send(Answer::Refused { why, hint: None });
            }
            return Ok(());
        }
        self.yard.try_anew();
        // Whoever asks by hand wants it tried anew. Where there are no verdicts there is nothing to forget.
        let _ = Verdicts::open(&self.campaign.dir).and_then(|verdicts| verdicts.forget_reds());
        let target = into.clone().unwrap_or_else(|| self.campaign.target.clone());
        let before = self.campaign.repo.branch_tip(&target)?;
        let request = MergeRequest::new(&plans, &target, before, self.scheduler.state(), reply);
        self.requests.push(request);
        self.handle(vec![Input::Event(Event::MergeRequested { plans, into })])
    }
}

fn answer_of(refusal: Option<SteerRefusal>) -> Answer {
    match refusal {
        None => Answer::Accepted,
        Some(SteerRefusal { why, hint }) => Answer::Refused { why, hint },
    }
}
