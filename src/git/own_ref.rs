//! Writing and deleting refs of orch's own, below `refs/orch/`.

use super::revision::oid;
use super::{GitError, Repository};
use crate::plan::CommitId;

impl Repository {
    /// Points a ref to a commit, wherever it pointed before.
    pub(super) fn write_ref(&self, name: &str, commit: &CommitId, why: &str) -> Result<(), GitError> {
        let repo = self.handle();
        repo.reference(name, oid(commit)?, true, why)
            .map(drop)
            .map_err(GitError::library(format!("write `{name}`")))
    }

    /// Deletes a ref; one that is not there is no error.
    pub(super) fn delete_ref(&self, name: &str) -> Result<(), GitError> {
        let repo = self.handle();
        let deleted = repo.find_reference(name).and_then(|mut found| found.delete());
        match deleted {
            Err(error) if error.code() != git2::ErrorCode::NotFound => {
                Err(GitError::library(format!("delete `{name}`"))(error))
            }
            _ => Ok(()),
        }
    }
}
