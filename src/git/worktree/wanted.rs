//! The worktree that one call asks for.

use std::path::PathBuf;

use crate::plan::CommitId;

/// The worktree that one call asks for, with a resolved path.
pub(in crate::git) struct WantedTree<'a> {
    pub(in crate::git) key: &'a str,
    pub(in crate::git) path: PathBuf,
    pub(in crate::git) branch: Option<&'a str>,
    pub(in crate::git) base: &'a CommitId,
    /// True for a lane, which is accepted whatever is checked out there.
    pub(in crate::git) lane: bool,
}

impl WantedTree<'_> {
    /// True for a lane without a branch of its own.
    pub(in crate::git) fn is_further_lane(&self) -> bool {
        self.lane && self.branch.is_none()
    }
}
