//! The files that a commit changed.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::ids::oid;
use super::repository::Repository;
use super::tree_diff::TreeDiff;
use crate::git::files::error::GitError;
use crate::plan::CommitId;

/// The files that differ between a commit and its first parent. All files of the commit when it has no parent.
pub fn changed_files(repo: &Repository, commit: &CommitId) -> Result<BTreeSet<PathBuf>, GitError> {
    let handle = repo.handle();
    let cannot = || GitError::library(format!("read the changes of {}", commit.short()));
    let commit = handle.find_commit(oid(commit)?).map_err(cannot())?;
    let tree = commit.tree().map_err(cannot())?;
    let before = commit.parent(0).and_then(|parent| parent.tree()).ok();
    let diff = handle
        .diff_tree_to_tree(before.as_ref(), Some(&tree), None)
        .map_err(cannot())?;
    let paths = diff
        .deltas()
        .flat_map(|delta| [delta.old_file().path(), delta.new_file().path()]);
    Ok(paths.flatten().map(PathBuf::from).collect())
}

/// The files that differ between two commits.
///
/// # Errors
///
/// When one of them cannot be read.
pub fn files_between(
    repo: &Repository,
    old: &CommitId,
    new: &CommitId,
) -> Result<BTreeSet<PathBuf>, GitError> {
    Ok(TreeDiff::between(&repo.handle(), old, new)?.paths())
}

/// How many lines are added and removed from one commit to another.
///
/// # Errors
///
/// When one of them cannot be read.
pub fn lines_between(repo: &Repository, old: &CommitId, new: &CommitId) -> Result<(usize, usize), GitError> {
    TreeDiff::between(&repo.handle(), old, new)?.lines()
}
