//! A commit of everything in a worktree, made beside it: for backups.

use std::path::Path;

use super::command::Git;
use super::identity::committing;
use super::inspect::{git_dir, head_of};
use super::leftovers::stage_everything;
use super::{GitError, inspect};
use crate::plan::CommitId;

/// Commits the worktree's files as they are, uncommitted and untracked ones included, ignored ones and orch's own
/// not. The commit's parent is HEAD; it is on no branch, and neither index nor files nor branch change. Gives HEAD
/// when nothing is uncommitted.
pub fn snapshot(path: &Path, message: &str) -> Result<CommitId, GitError> {
    let head = head_of(path)?;
    if inspect(path)?.dirty.is_empty() {
        return Ok(head);
    }
    let scratch = tempfile::tempdir_in(git_dir(path)?).map_err(GitError::io("create a folder in", path))?;
    let index = scratch.path().join("index");
    let with_index = |git: Git| git.env("GIT_INDEX_FILE", &index);
    with_index(Git::within(path))
        .args(["read-tree", head.as_str()])
        .run()?;
    stage_everything(|| with_index(Git::within(path)))?;
    let tree = with_index(Git::within(path)).arg("write-tree").run_for_id()?;
    committing(|| Git::within(path))?
        .apply(Git::within(path))
        .args(["commit-tree", tree.as_str(), "-p", head.as_str(), "-F", "-"])
        .input(format!("{message}\n"))
        .run_for_id()
}
