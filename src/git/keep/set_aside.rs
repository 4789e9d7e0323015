//! Putting work away into backups before it is replaced, each piece of work once.

use std::path::{Path, PathBuf};

use super::backup::Backup;
use super::snapshot::snapshot_with;
use crate::git::files::error::GitError;
use crate::git::repo::ids::oid;
use crate::git::repo::repository::Repository;
use crate::plan::CommitId;

/// How the message of a backup of uncommitted work ends.
pub(in crate::git) const PUT_ASIDE: &str = "uncommitted work put aside";

impl Repository {
    /// Backs a commit up unless a backup of the owner keeps that very commit.
    pub(in crate::git) fn back_up_once(
        &self,
        owner: &str,
        commit: &CommitId,
        stamp: &str,
    ) -> Result<Backup, GitError> {
        let kept = self
            .backups_of(&format!("{owner}/"))?
            .into_iter()
            .find(|backup| backup.commit == *commit);
        match kept {
            Some(backup) => Ok(backup),
            None => Ok(Backup {
                name: self.back_up(owner, commit, stamp)?,
                commit: commit.clone(),
            }),
        }
    }

    /// Backs up what is uncommitted in a worktree and these ignored files, unless a backup keeps the same already: one
    /// that was made and then cut short. The worktree stays as it is.
    pub(in crate::git) fn set_aside(
        &self,
        owner: &str,
        path: &Path,
        ignored: &[PathBuf],
        stamp: &str,
    ) -> Result<Backup, GitError> {
        let commit = snapshot_with(path, ignored, &format!("{owner}: {PUT_ASIDE}"))?;
        let content = self.content(&commit)?;
        for backup in self.backups_of(&format!("{owner}/"))? {
            if self.content(&backup.commit)? == content {
                return Ok(backup);
            }
        }
        Ok(Backup {
            name: self.back_up(owner, &commit, stamp)?,
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
