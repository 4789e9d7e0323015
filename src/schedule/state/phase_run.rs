//! The state of a phase: its verification, its end, and the landed prefix of its plan.

use std::collections::BTreeSet;

use crate::plan::{CommitId, PhaseId};
use crate::schedule::event::at::At;
use crate::schedule::event::merge_facts::Prefix;

/// The state of a phase's verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhaseCheck {
    /// It has been running since then.
    Running(At),
    /// This commit passed. Holds when the verification began.
    Passed(CommitId, At),
    /// It failed. Holds the reason.
    Failed(String),
}

/// The contents of a plan's branch when a phase's end was pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhaseEnd {
    /// When the end was pinned.
    pub at: At,
    /// Phases that were done, so that the branch contains them.
    pub done: BTreeSet<PhaseId>,
    /// Other phases that were begun, so that the branch may contain parts of them.
    pub begun: BTreeSet<PhaseId>,
    /// The number of files of the phase that were in no commit.
    pub uncommitted: u32,
}

/// The first phases of a plan that have landed on a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LandedPrefix {
    /// The phases.
    pub prefix: Prefix,
    /// The commit with which it landed.
    pub commit: CommitId,
}

/// A landing that was reverted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LandedBefore {
    /// The commit with which it landed.
    pub commit: CommitId,
    /// The tip of the plan's branch at the time of the revert.
    pub head: Option<CommitId>,
}
