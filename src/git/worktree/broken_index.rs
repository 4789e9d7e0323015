//! Worktree indexes that git can no longer read: finding them, and making them again.

use std::fs;
use std::path::Path;

use super::ensure::alone;
use crate::git::admin::spec::EnsureError;
use crate::git::admin::worktree_admin::WorktreeAdmin;
use crate::git::files::error::GitError;
use crate::git::keep::backup::stamp;
use crate::git::program::command::Git;
use crate::git::state::inspect::git_dir;

/// Git's error about a worktree's unreadable index; `None` for a readable or a missing index.
pub(in crate::git) fn index_trouble(worktree: &Path) -> Option<String> {
    let index = git_dir(worktree).ok()?.join("index");
    // The library is cheap, and right when it succeeds. But the library does not know every index that git can read.
    if !index.exists() || git2::Index::open(&index).is_ok() {
        return None;
    }
    let answer = Git::within(worktree).args(["ls-files", "-z"]).answer().ok()?;
    let of_index = answer.stderr.contains("index");
    (!answer.status.success() && of_index)
        .then(|| answer.stderr.lines().next_back().unwrap_or_default().to_owned())
}

/// Renames an index that git cannot read, beside its place, and makes a new index from the checked-out commit. Touches
/// no file of the worktree; staged changes are no longer staged.
///
/// # Errors
///
/// When the file cannot be renamed, or git refuses.
pub fn renew_index(admin: &WorktreeAdmin, key: &str) -> Result<(), EnsureError> {
    let _alone = alone(admin, key)?;
    let Some(record) = admin.read_record(key)? else {
        return Ok(());
    };
    if index_trouble(&record.path).is_none() {
        return Ok(());
    }
    let index = git_dir(&record.path)?.join("index");
    let aside = index.with_file_name(format!("index.broken-{}", stamp()));
    fs::rename(&index, &aside).map_err(GitError::io("rename", &index))?;
    Git::within(&record.path).args(["read-tree", "HEAD"]).run()?;
    Ok(())
}
