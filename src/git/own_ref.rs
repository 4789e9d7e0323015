//! Writing refs of orch's own, below `refs/orch/`.

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
}
