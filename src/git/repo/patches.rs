//! Patches of branches and targets that were looked at, kept for the next look.

use std::collections::{BTreeSet, HashMap};

use crate::plan::CommitId;

/// The tip of a target, and the stable ids of the patches of its latest commits.
pub(in crate::git) type LatestPatches = (CommitId, Vec<(String, CommitId)>);

/// The changes of a branch since it and a target parted.
#[derive(Debug, Clone, Default)]
pub(in crate::git) struct OwnPatches {
    /// How many commits it has, merges included.
    pub(in crate::git) commits: usize,
    /// The patch of each that has one.
    pub(in crate::git) patches: Vec<String>,
    /// The patch of all of them together.
    pub(in crate::git) whole: Option<String>,
}

/// What a target has that is not in the history of a commit.
#[derive(Debug)]
pub(in crate::git) struct CommitsSince {
    /// The commit.
    pub(in crate::git) base: CommitId,
    /// The tip of the target.
    pub(in crate::git) target: CommitId,
    /// All commits.
    pub(in crate::git) commits: BTreeSet<CommitId>,
    /// The trees of the latest commits, each with the latest that has it.
    pub(in crate::git) trees: HashMap<String, CommitId>,
}
