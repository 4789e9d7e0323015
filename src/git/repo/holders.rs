//! The refs that hold a commit.

use super::ids::commit_id;
use super::repository::Repository;
use crate::git::files::error::GitError;
use crate::git::program::command::Git;
use crate::plan::CommitId;

/// True when a commit is in the history of a ref that counts. `counts` takes the ref's full name.
///
/// # Errors
///
/// When refs cannot be read.
pub fn is_held(
    repo: &Repository,
    commit: &CommitId,
    counts: impl Fn(&str) -> bool,
) -> Result<bool, GitError> {
    if is_on_main_checkout(repo, commit, &counts) {
        return Ok(true);
    }
    let out = Git::on(repo.common_dir())
        .args([
            "for-each-ref",
            "--format=%(refname)",
            "--contains",
            commit.as_str(),
        ])
        .run()?;
    Ok(String::from_utf8_lossy(&out).lines().any(counts))
}

/// True for a commit in the history of the main checkout's branch, if that branch counts. Most commits in question have
/// just landed there.
fn is_on_main_checkout(repo: &Repository, commit: &CommitId, counts: impl Fn(&str) -> bool) -> bool {
    let head = || {
        let handle = repo.handle();
        let head = handle.head().ok()?;
        let is_meant = head.is_branch() && head.name().is_ok_and(counts);
        is_meant.then(|| head.target()).flatten().map(commit_id)
    };
    head().is_some_and(|tip| repo.is_ancestor(commit, &tip).unwrap_or(false))
}
