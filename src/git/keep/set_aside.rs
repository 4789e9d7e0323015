//! Backing up work before it is replaced, each piece of work once.

use std::path::{Path, PathBuf};

use super::backup::{Backup, back_up, backups_of};
use super::snapshot::snapshot_with;
use crate::git::files::error::GitError;
use crate::git::repo::ids::oid;
use crate::git::repo::repository::Repository;
use crate::plan::CommitId;

/// The end of the message of a backup of uncommitted work.
pub(in crate::git) const PUT_ASIDE: &str = "uncommitted work put aside";

/// Backs up a commit, unless a backup of the same owner already keeps it.
pub(in crate::git) fn back_up_once(
    repo: &Repository,
    owner: &str,
    commit: &CommitId,
    stamp: &str,
) -> Result<Backup, GitError> {
    let kept = backups_of(repo, &format!("{owner}/"))?
        .into_iter()
        .find(|backup| backup.commit == *commit);
    match kept {
        Some(backup) => Ok(backup),
        None => Ok(Backup {
            name: back_up(repo, owner, commit, stamp)?,
            commit: commit.clone(),
        }),
    }
}

/// Backs up uncommitted changes in a worktree and these ignored files, unless an interrupted call has already backed up
/// the same content. The worktree stays as it is.
pub(in crate::git) fn set_aside(
    repo: &Repository,
    owner: &str,
    path: &Path,
    ignored: &[PathBuf],
    stamp: &str,
) -> Result<Backup, GitError> {
    let commit = snapshot_with(path, ignored, &format!("{owner}: {PUT_ASIDE}"))?;
    let held = content(repo, &commit)?;
    for backup in backups_of(repo, &format!("{owner}/"))? {
        if content(repo, &backup.commit)? == held {
            return Ok(backup);
        }
    }
    Ok(Backup {
        name: back_up(repo, owner, &commit, stamp)?,
        commit,
    })
}

/// The content of a snapshot without its times: its files, its parent commit, and the staged files.
fn content(repo: &Repository, commit: &CommitId) -> Result<Vec<git2::Oid>, GitError> {
    let handle = repo.handle();
    let cannot = || GitError::library(format!("read the commit `{commit}`"));
    let commit = handle.find_commit(oid(commit)?).map_err(cannot())?;
    let mut content = vec![commit.tree_id()];
    for (nth, parent) in commit.parents().enumerate() {
        content.push(if nth == 0 { parent.id() } else { parent.tree_id() });
    }
    Ok(content)
}
