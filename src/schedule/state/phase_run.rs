//! The state of a phase: its verification, its end, and the landed prefix of its plan.

use std::collections::BTreeSet;

use crate::plan::{CommitId, PhaseId};
use crate::schedule::event::at::At;
use crate::schedule::event::merge_facts::Prefix;

/// Where the verification of a phase stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhaseCheck {
    /// It runs since then.
    Running(At),
    /// This commit passed; it was begun then.
    Passed(CommitId, At),
    /// It failed, and why.
    Failed(String),
}

/// The contents of a plan's branch when a phase's end was pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhaseEnd {
    /// When that was.
    pub at: At,
    /// Phases that were done, and so are in it.
    pub done: BTreeSet<PhaseId>,
    /// Other phases of which something was done, and may be in it.
    pub begun: BTreeSet<PhaseId>,
    /// Files of the phase that were in no commit.
    pub uncommitted: u32,
}

/// A prefix that is on a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LandedPrefix {
    /// What of the plan it is.
    pub prefix: Prefix,
    /// The commit with which it landed.
    pub commit: CommitId,
}

/// A landing that was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LandedBefore {
    /// The commit with which it landed.
    pub commit: CommitId,
    /// Where its branch stood.
    pub head: Option<CommitId>,
}
