//! Backups: refs of orch's own that keep work before it is replaced, `refs/orch/backup/PLAN/STAMP`.

use crate::failpoint;
use crate::git::files::error::GitError;
use crate::git::files::names::BACKUPS;
use crate::git::lock::own_ref::over_dead_lock;
use crate::git::repo::ids::{commit_id, oid};
use crate::git::repo::repository::Repository;
use crate::plan::{CommitId, PlanName};

/// The stamp of a backup made now.
pub fn stamp() -> String {
    jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// One backup of a plan's work.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Backup {
    /// The full name of the ref.
    pub name: String,
    /// The commit that it keeps.
    pub commit: CommitId,
}

/// Keeps a commit of a plan under `refs/orch/backup/PLAN/STAMP` and returns that name. The stamp is a time in a form
/// that a ref may have, such as `20260102T030405Z`. A backup never replaces another one: when another commit has the
/// name, `-2`, `-3` and so on is appended.
pub fn backup(
    repo: &Repository,
    plan: &PlanName,
    commit: &CommitId,
    stamp: &str,
) -> Result<String, GitError> {
    back_up(repo, plan.as_str(), commit, stamp)
}

/// Like [`backup`], but also for a worktree that belongs to no plan; its owner is its key.
pub(in crate::git) fn back_up(
    repo: &Repository,
    owner: &str,
    commit: &CommitId,
    stamp: &str,
) -> Result<String, GitError> {
    let id = oid(commit)?;
    let handle = repo.handle();
    let mut name = format!("{BACKUPS}{owner}/{stamp}");
    let mut copy = 1_u64;
    loop {
        let write = || {
            failpoint::around("ref.backup", || {
                handle.reference(&name, id, false, "orch: backup")
            })
        };
        match over_dead_lock(repo, &name, || write().map(drop)) {
            Ok(()) => return Ok(name),
            Err(error) if error.code() == git2::ErrorCode::Exists => {}
            Err(error) => return Err(GitError::library(format!("write `{name}`"))(error)),
        }
        let taken_by = handle.refname_to_id(&name);
        if taken_by.is_ok_and(|kept| kept == id) {
            return Ok(name);
        }
        copy += 1;
        name = format!("{BACKUPS}{owner}/{stamp}-{copy}");
    }
}

/// The backups of a plan, sorted by name.
pub fn backups(repo: &Repository, plan: &PlanName) -> Result<Vec<Backup>, GitError> {
    backups_of(repo, &format!("{plan}/"))
}

/// The backups whose names after `refs/orch/backup/` begin with `prefix`, sorted by name. An empty prefix means all.
pub(in crate::git) fn backups_of(repo: &Repository, prefix: &str) -> Result<Vec<Backup>, GitError> {
    let handle = repo.handle();
    let cannot = || GitError::library("list the backups");
    let found = handle
        .references_glob(&format!("{BACKUPS}{prefix}*"))
        .map_err(cannot())?;
    let mut backups: Vec<Backup> = found
        .flatten()
        .filter_map(|backup| {
            let name = backup.name().ok()?.to_owned();
            let commit = commit_id(backup.target()?);
            Some(Backup { name, commit })
        })
        .collect();
    backups.sort();
    Ok(backups)
}
