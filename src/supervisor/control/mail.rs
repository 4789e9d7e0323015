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
    let mut mail = None;
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
        mail = mail_of(&after, to).filter(|_| state.plan(to).is_at_work());
        Ok(events)
    })?;
    let delivered = match (&recorded, mail) {
        // If the delivery fails now, the next supervisor repeats it.
        (Some(Ok(_)), Some((worktrees, messages))) => put(&worktrees, &messages).is_empty(),
        _ => false,
    };
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

/// The worktrees and messages of a plan; `None` when there are no messages.
pub fn mail_of(state: &State, plan: &PlanName) -> Option<(Vec<PathBuf>, Vec<Message>)> {
    let run = state.plan(plan);
    let worktrees = run.worktrees.values().map(|made| PathBuf::from(&made.path));
    (!run.mail.inbox.is_empty()).then(|| (worktrees.collect(), run.mail.inbox.clone()))
}

/// Writes messages into worktrees. Returns what went wrong.
pub fn put(worktrees: &[PathBuf], messages: &[Message]) -> Vec<String> {
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
