//! Messages: sending them with or without a running supervisor, and putting them where agents can read them.

use std::path::{Path, PathBuf};

use crate::journal::Record;
use crate::plan::{Message, PlanName};
use crate::schedule::{Outgoing, State, seen, send};
use crate::status;
use crate::words::RefusalText;

use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::recording::record;
use crate::supervisor::project::repository_plans::Project;

/// Records a message while no supervisor is running, and delivers it to agents that outlived their supervisor. Others get it
/// with the next `orch up`. `None` when another process locks the repository meanwhile.
///
/// # Errors
///
/// When the journal cannot be read or written.
pub fn record_message(
    project: &Project,
    outgoing: &Outgoing,
) -> Result<Option<Result<Posted, RefusalText>>, SupervisorError> {
    let mut mail = Vec::new();
    let recorded = record(project, "send", |scheduler| {
        let (work, state) = (scheduler.work(), scheduler.state());
        let events = send(work, state, outgoing)?;
        let Some(to) = &outgoing.to else {
            return Ok(events);
        };
        let mut after = state.clone();
        for event in &events {
            after.apply(after.now, event);
        }
        if state.plan(to).is_at_work() {
            mail = mail_of(&after, to);
        }
        Ok(events)
    })?;
    // If the delivery fails now, the next supervisor repeats it.
    let delivered = matches!(recorded, Some(Ok(_))) && !mail.is_empty() && put(&mail).is_empty();
    Ok(recorded.map(|recorded| recorded.map(|_| Posted { delivered })))
}

/// Records that the lead has read the messages up to this one, while no supervisor is running. `None` when another process locks
/// the repository meanwhile.
///
/// # Errors
///
/// When the journal cannot be read or written.
pub fn record_seen(
    project: &Project,
    up_to: u32,
) -> Result<Option<Result<Vec<Record>, RefusalText>>, SupervisorError> {
    record(project, "inbox", |scheduler| Ok(seen(scheduler.state(), up_to)))
}

/// A message that was recorded while no supervisor was running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posted {
    /// True when a running agent can read the message already.
    pub delivered: bool,
}

/// The worktrees of a plan, each with the messages for its agent; empty when there are no messages.
pub fn mail_of(state: &State, plan: &PlanName) -> Vec<(PathBuf, Vec<Message>)> {
    let run = state.plan(plan);
    let made = run.worktrees.iter().filter(|_| !run.mail.inbox.is_empty());
    let mail = made.map(|(lane, made)| {
        let units = run.attempts.get(lane).map_or(&[][..], |attempt| &attempt.units);
        let messages = run.mail.to_units(units).cloned().collect();
        (PathBuf::from(&made.path), messages)
    });
    mail.collect()
}

/// Writes messages into worktrees. Returns what went wrong.
pub fn put(mail: &[(PathBuf, Vec<Message>)]) -> Vec<String> {
    let there = mail.iter().filter(|(worktree, _)| worktree.is_dir());
    let put = |(worktree, messages): &(PathBuf, Vec<Message>)| {
        let error = status::deliver(worktree, messages).err()?;
        Some(undelivered(worktree, &error))
    };
    there.filter_map(put).collect()
}

fn undelivered(worktree: &Path, error: &dyn std::fmt::Display) -> String {
    format!("its messages are not in {}: {error}", worktree.display())
}
