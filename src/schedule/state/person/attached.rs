//! A person who works in place of an agent.

use std::collections::BTreeSet;

use crate::plan::{CommitId, UnitId};
use crate::schedule::event::at::At;

/// The work of people between agents.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hands {
    /// The attached person, `None` when nobody is attached.
    pub attached: Option<Attached>,
    /// Lanes that a person has left and whose work is still to be inspected.
    pub left: BTreeSet<u32>,
    /// The tip of the plan's branch when the work of its last agent was inspected.
    pub seen: Option<CommitId>,
    /// Open units on whose own branches a person has worked.
    pub entered: BTreeSet<UnitId>,
}

/// A person who is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// The worktree; 0 is the plan's own.
    pub lane: u32,
    /// The process of `orch attach`.
    pub pid: u32,
    /// The command that was opened.
    pub command: String,
    /// When the person attached.
    pub since: At,
    /// The plan's own pause, which applies again afterwards.
    pub paused: Option<bool>,
}
