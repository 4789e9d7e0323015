//! A person at work in the place of an agent.

use crate::plan::CommitId;
use crate::schedule::event::at::At;

/// What people do between agents.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hands {
    /// Who is attached; none when nobody is.
    pub attached: Option<Attached>,
    /// The lanes that somebody was attached to and whose work is to be looked at.
    pub left: Option<u32>,
    /// Where the plan's branch stood when its last agent's work was looked at.
    pub seen: Option<CommitId>,
}

/// A person who is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// The worktree; 0 is the plan's own.
    pub lane: u32,
    /// The process of `orch attach`.
    pub pid: u32,
    /// What was opened.
    pub command: String,
    /// Since when.
    pub since: At,
    /// The plan's own pause, which counts again afterwards.
    pub paused: Option<bool>,
}
