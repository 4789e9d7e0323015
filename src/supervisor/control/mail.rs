//! Messages: sent beside a running supervisor or without one, and put where agents can read them.

use std::path::{Path, PathBuf};

use crate::plan::{Message as Letter, MessageKind, PlanName};
use crate::schedule::{Event, Input, State, SteerRefusal, send};
use crate::status;

use crate::supervisor::desk::message::Message;
use crate::supervisor::drive::engine::Engine;
use crate::supervisor::project::campaign::Campaign;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::recording::record;

/// A message on its way.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Outgoing {
    /// Those who work on this plan.
    pub to: PlanName,
    /// The plan whose agent sends it; none for a person.
    pub from: Option<PlanName>,
    /// What it is about.
    pub kind: MessageKind,
    /// What it says.
    pub text: String,
}

impl Engine<'_> {
    /// Sends a message. Returns why not.
    pub(in crate::supervisor) fn send(
        &mut self,
        outgoing: &Outgoing,
    ) -> Result<Option<SteerRefusal>, SupervisorError> {
        let Outgoing { to, from, kind, text } = outgoing;
        let scheduler = &self.scheduler;
        match send(
            scheduler.work(),
            scheduler.state(),
            to,
            from.as_ref(),
            *kind,
            text,
        ) {
            Ok(events) => {
                self.handle(events.into_iter().map(Input::Event).collect())?;
                Ok(None)
            }
            Err(refusal) => Ok(Some(refusal)),
        }
    }

    /// Puts the messages of a plan into its worktrees, on a thread of its own.
    pub(in crate::supervisor) fn deliver(&self, plan: &PlanName) {
        let state = self.scheduler.state();
        let Some((mut worktrees, messages)) = mail_of(state, plan) else {
            return;
        };
        if state.plan(plan).resolution.agent.is_some() {
            worktrees.push(self.campaign.conflict_path(plan));
        }
        let plan = plan.clone();
        let sender = self.sender.clone();
        tokio::task::spawn_blocking(move || {
            for why in put(&worktrees, &messages) {
                let _ = sender.send(Message::Warning(Some(plan.clone()), why));
            }
        });
    }

    /// Puts what was sent while nobody drove into the worktrees of agents that are still at work; others get theirs when
    /// they begin.
    pub(in crate::supervisor) fn deliver_all(&self) {
        let mut plans: Vec<&PlanName> = self
            .scheduler
            .state()
            .open_attempts()
            .map(|open| open.0)
            .collect();
        plans.dedup();
        for plan in plans {
            self.deliver(plan);
        }
    }
}

/// Records a message while no supervisor is at work, and puts it where an agent that outlived one can read it; others get
/// it with the next `orch up`. None when somebody else holds the repository meanwhile.
///
/// # Errors
///
/// When the journal cannot be read or written.
pub fn record_message(
    campaign: &Campaign,
    outgoing: &Outgoing,
) -> Result<Option<Result<Posted, SteerRefusal>>, SupervisorError> {
    let Outgoing { to, from, kind, text } = outgoing;
    let mut mail = None;
    let recorded = record(campaign, "send", |scheduler| {
        let (work, state) = (scheduler.work(), scheduler.state());
        let events = send(work, state, to, from.as_ref(), *kind, text)?;
        let mut after = state.clone();
        for event in &events {
            after.apply(after.now, event);
        }
        mail = mail_of(&after, to).filter(|_| state.plan(to).is_at_work());
        Ok(events)
    })?;
    let delivered = match (&recorded, mail) {
        // What cannot be put there now is put there by the next supervisor.
        (Some(Ok(_)), Some((worktrees, messages))) => put(&worktrees, &messages).is_empty(),
        _ => false,
    };
    Ok(recorded.map(|recorded| recorded.map(|_| Posted { delivered })))
}

/// A message that was recorded while no supervisor was at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posted {
    /// True when an agent that is at work all the same can read it by now.
    pub delivered: bool,
}

/// Where the messages of a plan go, and which these are; none when there are no messages.
fn mail_of(state: &State, plan: &PlanName) -> Option<(Vec<PathBuf>, Vec<Letter>)> {
    let run = state.plan(plan);
    let worktrees = run.worktrees.values().map(|made| PathBuf::from(&made.path));
    (!run.inbox.is_empty()).then(|| (worktrees.collect(), run.inbox.clone()))
}

/// Puts messages into worktrees; says what went wrong.
fn put(worktrees: &[PathBuf], messages: &[Letter]) -> Vec<String> {
    let there = worktrees.iter().filter(|worktree| worktree.is_dir());
    let put = |worktree: &PathBuf| {
        let error = status::deliver(worktree, messages).err()?;
        Some(undelivered(worktree, &error))
    };
    there.filter_map(put).collect()
}

fn undelivered(worktree: &Path, error: &dyn std::fmt::Display) -> String {
    format!("its messages are not in {}: {error}", worktree.display())
}

/// True for a fact after which a plan has messages to be delivered.
pub(in crate::supervisor) fn brings_mail(event: &Event) -> Option<&PlanName> {
    match event {
        Event::MessageSent(sent) => Some(&sent.plan),
        _ => None,
    }
}
