//! Backups: refs of orch's own that keep work which is about to be replaced, `refs/orch/backup/PLAN/STAMP`.

use crate::fault;
use crate::git::files::error::GitError;
use crate::git::files::names::BACKUPS;
use crate::git::repo::ids::{commit_id, oid};
use crate::git::repo::repository::Repository;
use crate::plan::{CommitId, PlanName};

/// What a backup made now is called.
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

impl Repository {
    /// Keeps a commit of a plan under `refs/orch/backup/PLAN/STAMP` and gives that name. The stamp is a time in a form
    /// that a ref may hold, such as `20260102T030405Z`. A backup never takes another one's place: when the name is
    /// taken by another commit, `-2`, `-3` and so on is added to it.
    pub fn backup(&self, plan: &PlanName, commit: &CommitId, stamp: &str) -> Result<String, GitError> {
        self.back_up(plan.as_str(), commit, stamp)
    }

    /// As [`Repository::backup`], also for a worktree that is no plan's, which is named by its key.
    pub(in crate::git) fn back_up(
        &self,
        owner: &str,
        commit: &CommitId,
        stamp: &str,
    ) -> Result<String, GitError> {
        let id = oid(commit)?;
        let repo = self.handle();
        let mut name = format!("{BACKUPS}{owner}/{stamp}");
        let mut copy = 1_u64;
        loop {
            let write = || fault::around("ref.backup", || repo.reference(&name, id, false, "orch: backup"));
            match self.over_dead_lock(&name, || write().map(drop)) {
                Ok(()) => return Ok(name),
                Err(error) if error.code() == git2::ErrorCode::Exists => {}
                Err(error) => return Err(GitError::library(format!("write `{name}`"))(error)),
            }
            let taken_by = repo.refname_to_id(&name);
            if taken_by.is_ok_and(|kept| kept == id) {
                return Ok(name);
            }
            copy += 1;
            name = format!("{BACKUPS}{owner}/{stamp}-{copy}");
        }
    }

    /// The backups of a plan, sorted by name.
    pub fn backups(&self, plan: &PlanName) -> Result<Vec<Backup>, GitError> {
        self.backups_of(&format!("{plan}/"))
    }

    /// The backups whose names begin so, after `refs/orch/backup/`; all for nothing. Sorted by name.
    pub(in crate::git) fn backups_of(&self, prefix: &str) -> Result<Vec<Backup>, GitError> {
        let repo = self.handle();
        let cannot = || GitError::library("list the backups");
        let found = repo
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
}
