//! Putting work away into backups before it is replaced, each piece of work once.

use std::path::{Path, PathBuf};

use super::revision::oid;
use super::snapshot::snapshot_with;
use super::{Backup, GitError, Repository};
use crate::plan::{CommitId, PlanName};

impl Repository {
    /// Backs a commit up unless a backup of the plan keeps that very commit.
    pub(super) fn back_up_once(
        &self,
        plan: &PlanName,
        commit: &CommitId,
        stamp: &str,
    ) -> Result<Backup, GitError> {
        let kept = self
            .backups(plan)?
            .into_iter()
            .find(|backup| backup.commit == *commit);
        match kept {
            Some(backup) => Ok(backup),
            None => Ok(Backup {
                name: self.backup(plan, commit, stamp)?,
                commit: commit.clone(),
            }),
        }
    }

    /// Backs up what is uncommitted in a worktree and these ignored files, unless a backup keeps the same already: one
    /// that was made and then cut short. The worktree stays as it is.
    pub(super) fn set_aside(
        &self,
        plan: &PlanName,
        path: &Path,
        ignored: &[PathBuf],
        stamp: &str,
    ) -> Result<Backup, GitError> {
        let commit = snapshot_with(path, ignored, &format!("{plan}: uncommitted work put aside"))?;
        let content = self.content(&commit)?;
        for backup in self.backups(plan)? {
            if self.content(&backup.commit)? == content {
                return Ok(backup);
            }
        }
        Ok(Backup {
            name: self.backup(plan, &commit, stamp)?,
            commit,
        })
    }

    /// What a snapshot holds apart from when it was made: its files, the commit below it, and what was staged.
    fn content(&self, commit: &CommitId) -> Result<Vec<git2::Oid>, GitError> {
        let repo = self.handle();
        let cannot = || GitError::library(format!("read the commit `{commit}`"));
        let commit = repo.find_commit(oid(commit)?).map_err(cannot())?;
        let mut content = vec![commit.tree_id()];
        for (nth, parent) in commit.parents().enumerate() {
            content.push(if nth == 0 { parent.id() } else { parent.tree_id() });
        }
        Ok(content)
    }
}
