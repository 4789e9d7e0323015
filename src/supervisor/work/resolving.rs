//! Conflicts beside everything else the loop does: steps that are asked for go to a thread of their own, and what was resolved
//! is tidied up once it has landed.

use tokio::sync::oneshot;

use crate::git::{self, GitError};
use crate::plan::WorkRef;
use crate::schedule::{Event, Input, ResolveOrder, SteerRefusal};

use crate::supervisor::conflict::about_conflict::AboutConflict;
use crate::supervisor::conflict::about_conflict::ResolveStep;
use crate::supervisor::conflict::resolve::{Beside, Resolved, resolve};
use crate::supervisor::conflict::resolved::tidy;
use crate::supervisor::control::request::Answer;
use crate::supervisor::desk::message::Message;
use crate::supervisor::drive::engine::Engine;
use crate::supervisor::perform;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::recovery::output;

/// A step that was done, or refused.
#[derive(Debug)]
pub struct StepDone {
    what: WorkRef,
    step: ResolveStep,
    done: Result<Resolved, SteerRefusal>,
    reply: oneshot::Sender<Answer>,
}

impl Engine<'_> {
    /// Does a step on a thread of its own.
    pub(in crate::supervisor) fn resolve_later(
        &self,
        what: WorkRef,
        step: ResolveStep,
        reply: oneshot::Sender<Answer>,
    ) {
        let about = AboutConflict::new(&self.scheduler, &what);
        let campaign = self.campaign.clone();
        self.in_background(move || {
            let done = resolve(&campaign, &about, step, Beside::Supervisor);
            Message::Resolved(Box::new(StepDone {
                what,
                step,
                done,
                reply,
            }))
        });
    }

    /// Takes in what became of it; what was resolved is landed at once, for whoever asked.
    pub(in crate::supervisor) fn take_step(&mut self, step: StepDone) -> Result<(), SupervisorError> {
        let (events, report) = match step.done {
            Ok(done) => done,
            Err(SteerRefusal { why, hint }) => {
                let _ = step.reply.send(Answer::Refused { why, hint });
                return Ok(());
            }
        };
        self.handle(events.into_iter().map(Input::Event).collect())?;
        match step.step {
            ResolveStep::Continue => self.request_merge(vec![step.what], None, Some(step.reply)),
            ResolveStep::Open | ResolveStep::Abort => {
                // Whoever asked may be gone.
                let _ = step.reply.send(Answer::Resolved(report));
                Ok(())
            }
        }
    }

    /// Has an agent resolve a conflict, on a thread of its own.
    pub(in crate::supervisor) fn resolve_by_agent(&self, order: ResolveOrder) {
        let (campaign, admin, yard) = (self.campaign.clone(), self.admin.clone(), self.yard.clone());
        let (sender, run) = (self.sender.clone(), self.run);
        self.in_background(move || {
            let (answer, warnings) = perform::resolve_by_agent(&campaign, &admin, &yard, &order, run);
            for why in warnings {
                let _ = sender.send(Message::Warning(Some(order.plan.clone()), why));
            }
            // Told before the end is: what it has spent counts.
            if let Some(told) = output::told(&campaign.dir, &order.plan, &order.attempt) {
                let _ = sender.send(Message::Input(Input::Event(told)));
            }
            Message::Input(Input::Event(answer))
        });
    }

    /// Lets go what was kept of plans until they had landed, at the end of a run.
    pub(in crate::supervisor) fn release_made(&self) -> Result<(), GitError> {
        let repo = &self.campaign.repo;
        for plan in &self.campaign.set.plans {
            let run = self.scheduler.state().plan(&plan.name);
            if run.landed.contains_key(&self.campaign.target) {
                git::refs::release_made(repo, plan.name.as_str(), repo.branch_tip(&plan.branch)?.as_ref())?;
            }
        }
        Ok(())
    }

    /// Removes the worktrees of conflicts of plans that have landed. Gives what a person should know.
    pub(in crate::supervisor) fn tidy_conflicts(&self) -> Vec<Event> {
        let told = tidy(&self.campaign, self.scheduler.state()).into_iter();
        told.map(|(plan, why)| Event::Warning {
            plan: Some(plan),
            why,
        })
        .collect()
    }
}
