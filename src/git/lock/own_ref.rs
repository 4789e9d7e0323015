//! Writing refs of orch's own, below `refs/orch/`.

use super::stale_lock;
use crate::failpoint;
use crate::git::admin::spec::EnsureError;
use crate::git::files::error::GitError;
use crate::git::repo::ids::oid;
use crate::git::repo::repository::Repository;
use crate::plan::CommitId;

/// Removes the lock files that a killed orch, or a git of its own, has left below `refs/orch/` and of `packed-refs`. For
/// the holder of the repository's lock: those refs are written by nobody else.
///
/// # Errors
///
/// When such a file is held open, or cannot be removed.
pub fn clear_own_locks(repo: &Repository) -> Result<(), EnsureError> {
    stale_lock::clear_packed(repo.common_dir())?;
    stale_lock::clear_below(&repo.common_dir().join("refs/orch"))
}

/// Points a ref to a commit, wherever it pointed before.
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

/// Writes a ref of orch's own. Tries again when its lock, or the lock of `packed-refs`, is in the way: its writer was killed, or
/// is done in an instant.
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
