//! Writing refs of orch's own, below `refs/orch/`.

use super::stale_lock;
use crate::failpoint;
use crate::git::admin::spec::EnsureError;
use crate::git::files::error::GitError;
use crate::git::repo::ids::oid;
use crate::git::repo::repository::Repository;
use crate::plan::CommitId;

/// Removes lock files below `refs/orch/` and of `packed-refs` that a killed orch, or a git command of orch, has left.
/// Only for the holder of the repository's lock, because nobody else writes those refs.
///
/// # Errors
///
/// When such a file is held open, or cannot be removed.
pub fn clear_own_locks(repo: &Repository) -> Result<(), EnsureError> {
    stale_lock::clear_packed(repo.common_dir())?;
    stale_lock::clear_below(&repo.common_dir().join("refs/orch"))
}

/// Points a ref at a commit, whatever it pointed at before.
pub(in crate::git) fn write_ref(
    repo: &Repository,
    name: &str,
    commit: &CommitId,
    why: &str,
) -> Result<(), GitError> {
    let handle = repo.handle();
    let id = oid(commit)?;
    let write = || failpoint::around("ref.own", || handle.reference(name, id, true, why)).map(drop);
    let written = over_dead_lock(repo, name, write);
    written.map_err(GitError::library(format!("write `{name}`")))
}

/// Writes a ref of orch's own. Tries once more when the lock of the ref or of `packed-refs` is in the way: its writer
/// was killed, or will be done in an instant.
pub(in crate::git) fn over_dead_lock<T>(
    repo: &Repository,
    name: &str,
    write: impl Fn() -> Result<T, git2::Error>,
) -> Result<T, git2::Error> {
    match write() {
        Err(error) if error.code() == git2::ErrorCode::Locked => {
            let _ = stale_lock::clear_beside(&repo.common_dir().join(name));
            let _ = stale_lock::clear_packed(repo.common_dir());
            write()
        }
        written => written,
    }
}
