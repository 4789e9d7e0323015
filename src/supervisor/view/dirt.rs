//! Uncommitted changes in worktrees.

use std::path::{Path, PathBuf};

use crate::git::inspect;
use crate::supervisor::project::side_by_side::side_by_side;

/// Whether each worktree has uncommitted changes, determined for several at a time; `None` where that cannot be
/// determined.
pub(super) fn dirt_of(worktrees: &[Option<PathBuf>]) -> Vec<Option<bool>> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from).max(2);
    side_by_side(threads, worktrees, |worktree| {
        worktree.as_deref().and_then(is_dirty)
    })
}

fn is_dirty(worktree: &Path) -> Option<bool> {
    inspect(worktree).ok().map(|state| !state.is_clean())
}
