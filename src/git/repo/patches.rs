//! Patches of branches and targets, cached for the next look.

use std::collections::{BTreeSet, HashMap};

use crate::plan::CommitId;

/// The tip of a target, and the stable patch ids of its latest commits.
pub(in crate::git) type LatestPatches = (CommitId, Vec<(String, CommitId)>);

/// The changes of a branch since it left a target.
#[derive(Debug, Clone, Default)]
pub(in crate::git) struct OwnPatches {
    /// The number of commits, merges included.
    pub(in crate::git) commits: usize,
    /// The patch of each commit that has one.
    pub(in crate::git) patches: Vec<String>,
    /// The patch of all commits together.
    pub(in crate::git) whole: Option<String>,
}

/// The commits of a target that are not in the history of a commit.
#[derive(Debug)]
pub(in crate::git) struct CommitsSince {
    /// The commit.
    pub(in crate::git) base: CommitId,
    /// The tip of the target.
    pub(in crate::git) target: CommitId,
    /// All commits.
    pub(in crate::git) commits: BTreeSet<CommitId>,
    /// The trees of the latest commits, each with the latest commit that has the tree.
    pub(in crate::git) trees: HashMap<String, CommitId>,
}
