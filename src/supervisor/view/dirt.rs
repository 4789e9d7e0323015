//! Uncommitted changes in worktrees.

use std::path::{Path, PathBuf};

use crate::git::Repository;
use crate::git::state::inspect_in;
use crate::supervisor::project::side_by_side::side_by_side;

/// Whether each worktree has uncommitted changes, determined for several at a time; `None` where that cannot be
/// determined.
pub(super) fn dirt_of(repo: &Repository, worktrees: &[Option<PathBuf>]) -> Vec<Option<bool>> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from).max(2);
    side_by_side(threads, worktrees, |worktree| {
        is_dirty(repo, worktree.as_deref()?)
    })
}

fn is_dirty(repo: &Repository, worktree: &Path) -> Option<bool> {
    inspect_in(repo, worktree).ok().map(|state| !state.is_clean())
}
