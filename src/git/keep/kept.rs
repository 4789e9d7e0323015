//! Backups for people: listing them, looking into them, restoring them, and dropping them once something else holds
//! their commits.

use std::path::{Path, PathBuf};

use super::backup::{Backup, backups_of};
use super::gate::drop_own_ref;
use super::set_aside::PUT_ASIDE;
use crate::git::admin::worktree_admin::WorktreeAdmin;
use crate::git::files::error::GitError;
use crate::git::files::names::{BACKUPS, CANDIDATES};
use crate::git::files::place::is_free;
use crate::git::program::command::{Git, records};
use crate::git::repo::holders::is_held;
use crate::git::repo::ids::{branch_ref, commit_id, oid};
use crate::git::repo::repository::Repository;
use crate::git::repo::revision::is_branch_name;
use crate::plan::CommitId;

/// A backup and its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// `PLAN/TIME`.
    pub name: String,
    /// The backup's ref and commit.
    pub backup: Backup,
    /// The commit that the backup's files are compared with: its first parent. `None` for a root commit.
    pub base: Option<CommitId>,
    /// The time of the commit, in seconds since 1970.
    pub seconds: i64,
    /// The first line of the commit message.
    pub subject: String,
    /// True for uncommitted work, false for commits.
    pub uncommitted: bool,
}

/// Why a backup is not restored or dropped. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// There is no backup of this name.
    #[error("there is no backup `{0}`")]
    Unknown(String),
    /// The branch exists and is at another commit.
    #[error("the branch `{branch}` exists already, at {}: name another", at.short())]
    BranchTaken {
        /// The branch.
        branch: String,
        /// The branch's tip.
        at: CommitId,
    },
    /// Git does not accept the name.
    #[error("`{0}` is not a name git accepts for a branch")]
    BadBranch(String),
    /// The folder is not empty.
    #[error("`{}` is not empty: name a folder that does not exist", .0.display())]
    FolderTaken(PathBuf),
    /// Nothing else holds the commit.
    #[error("nothing but the backup `{0}` holds its commit")]
    OnlyHolder(String),
    /// A step failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// The backups whose names begin with `prefix` (such as `auth/`), sorted by name. An empty prefix means all.
///
/// # Errors
///
/// When the repository cannot be read.
pub fn kept(repo: &Repository, prefix: &str) -> Result<Vec<Kept>, GitError> {
    let backups = backups_of(repo, prefix)?;
    backups
        .into_iter()
        .map(|backup| look_into(repo, backup))
        .collect()
}

/// The backup of this name, `PLAN/TIME` or the full name of its ref.
///
/// # Errors
///
/// When there is no such backup.
pub fn kept_as(repo: &Repository, name: &str) -> Result<Kept, KeptError> {
    let short = name.strip_prefix(BACKUPS).unwrap_or(name);
    let full = format!("{BACKUPS}{short}");
    match repo.ref_target(&full)? {
        Some(commit) if short.contains('/') => Ok(look_into(repo, Backup { name: full, commit })?),
        _ => Err(KeptError::Unknown(short.to_owned())),
    }
}

fn look_into(repo: &Repository, backup: Backup) -> Result<Kept, GitError> {
    let handle = repo.handle();
    let commit = handle
        .find_commit(oid(&backup.commit)?)
        .map_err(GitError::library(format!("read `{}`", backup.name)))?;
    let subject = String::from_utf8_lossy(commit.summary_bytes().unwrap_or_default()).into_owned();
    Ok(Kept {
        name: backup
            .name
            .strip_prefix(BACKUPS)
            .unwrap_or(&backup.name)
            .to_owned(),
        base: commit.parent_id(0).ok().map(commit_id),
        seconds: commit.time().seconds(),
        uncommitted: subject.ends_with(PUT_ASIDE),
        subject,
        backup,
    })
}

/// The files that differ between a backup and its base, each with git's letter (`A`, `M`, `D`).
///
/// # Errors
///
/// When the repository cannot be read.
pub fn kept_files(repo: &Repository, kept: &Kept) -> Result<Vec<(char, PathBuf)>, GitError> {
    use std::os::unix::ffi::OsStrExt;
    let git = Git::on(repo.common_dir()).args(["diff-tree", "-r", "-z", "--no-renames", "--name-status"]);
    let git = match &kept.base {
        Some(base) => git.arg(base.as_str()),
        None => git.args(["--root", "--no-commit-id"]),
    };
    let out = git.arg(kept.backup.commit.as_str()).run()?;
    let mut fields = records(&out);
    let mut files = Vec::new();
    while let (Some(letter), Some(file)) = (fields.next(), fields.next()) {
        let letter = char::from(letter.first().copied().unwrap_or(b'?'));
        files.push((letter, PathBuf::from(std::ffi::OsStr::from_bytes(file))));
    }
    Ok(files)
}

/// Makes a branch at a backup, unless the branch is already there.
///
/// # Errors
///
/// When a branch of that name is at another commit.
pub fn restore_to_branch(repo: &Repository, kept: &Kept, branch: &str) -> Result<(), KeptError> {
    if !is_branch_name(branch) {
        return Err(KeptError::BadBranch(branch.to_owned()));
    }
    match repo.branch_tip(branch)? {
        Some(at) if at == kept.backup.commit => return Ok(()),
        Some(at) => {
            let branch = branch.to_owned();
            return Err(KeptError::BranchTaken { branch, at });
        }
        None => {}
    }
    let nothing = "0".repeat(kept.backup.commit.as_str().len());
    Git::on(repo.common_dir())
        .args(["update-ref", "-m", "orch: restore", &branch_ref(branch)])
        .args([kept.backup.commit.as_str(), nothing.as_str()])
        .run()?;
    Ok(())
}

/// Deletes a backup whose commit something else also holds.
///
/// # Errors
///
/// When nothing else holds the commit.
pub fn drop_kept(repo: &Repository, kept: &Kept) -> Result<(), KeptError> {
    let name = &kept.backup.name;
    let counts = |holder: &str| holder != name && !holder.starts_with(CANDIDATES);
    if !is_held(repo, &kept.backup.commit, counts)? {
        return Err(KeptError::OnlyHolder(kept.name.clone()));
    }
    let owner = kept.name.split('/').next().unwrap_or_default();
    drop_own_ref(repo, name, owner, None)?;
    Ok(())
}

/// Makes a worktree with the files of a backup in a new folder, on no branch. Uncommitted work is uncommitted again
/// there. The worktree belongs to the person who asked for it: orch keeps no record of it.
///
/// # Errors
///
/// When the folder is not empty.
pub fn restore_to_worktree(admin: &WorktreeAdmin, kept: &Kept, folder: &Path) -> Result<(), KeptError> {
    if !is_free(folder) {
        return Err(KeptError::FolderTaken(folder.to_owned()));
    }
    let lock = admin.lock()?;
    Git::on(admin.repo.common_dir())
        .args(["worktree", "add", "--quiet", "--detach"])
        .arg(folder)
        .arg(kept.backup.commit.as_str())
        .holding(lock.file())?
        .run()?;
    if let Some(base) = kept.base.as_ref().filter(|_| kept.uncommitted) {
        Git::within(folder)
            .args(["reset", "--quiet", base.as_str()])
            .run()?;
    }
    Ok(())
}
