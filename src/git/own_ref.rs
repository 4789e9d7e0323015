//! Writing refs of orch's own, below `refs/orch/`.

use super::revision::oid;
use super::{EnsureError, GitError, Repository, stale_lock};
use crate::fault;
use crate::plan::CommitId;

impl Repository {
    /// Removes the lock files that a killed orch, or a git of its own, has left below `refs/orch/` and of `packed-refs`. For
    /// the holder of the repository's lock: those refs are written by nobody else.
    ///
    /// # Errors
    ///
    /// When such a file is held open, or cannot be removed.
    pub fn clear_own_locks(&self) -> Result<(), EnsureError> {
        stale_lock::clear_packed(self.common_dir())?;
        stale_lock::clear_below(&self.common_dir().join("refs/orch"))
    }

    /// Points a ref to a commit, wherever it pointed before.
    pub(super) fn write_ref(&self, name: &str, commit: &CommitId, why: &str) -> Result<(), GitError> {
        let repo = self.handle();
        let id = oid(commit)?;
        let write = || fault::around("ref.own", || repo.reference(name, id, true, why)).map(drop);
        let written = match write() {
            // A writer that was killed has left it; one that lives is done in an instant.
            Err(error) if error.code() == git2::ErrorCode::Locked => {
                let _ = stale_lock::clear_beside(&self.common_dir().join(name));
                write()
            }
            written => written,
        };
        written.map_err(GitError::library(format!("write `{name}`")))
    }
}
