//! The guard of destructive git: everything that removes files or commits is in this file, and asks for a proof that
//! nobody's work is lost.
//!
//! There are two proofs. [`SparedTree`] says of a checkout that it holds nothing that exists only there.
//! [`SparedCommit`] says of a commit that it stays reachable when a ref to it is removed. Both are obtained by showing
//! that this is so, or by making a backup first; there is no third way.
//!
//! Ignored files are in no backup: a build can make them again, and they may be huge or secret. They stay in place,
//! except when a whole worktree is removed. The removal lists them with their size ([`crate::git::Removable::ignored`])
//! and is refused when there is a repository among them. An ignored file that a checkout would replace does go into the
//! backup.

use std::fs;
use std::path::{Path, PathBuf};

use super::backup::{Backup, stamp};
use super::goal::HeadGoal;
use super::set_aside::{back_up_once, set_aside};
use super::step::StepRecord;
use crate::failpoint;
use crate::git::admin::worktree_admin::{AdminLock, KeyLock, WorktreeAdmin};
use crate::git::admin::worktree_record::{TreeProgress, WorktreeRecord};
use crate::git::files::error::GitError;
use crate::git::files::names::{AWAY, BACKUPS, CANDIDATES, MADE, ORCH_DIR};
use crate::git::lock::own_ref::over_dead_lock;
use crate::git::program::command::{Git, GitAnswer};
use crate::git::repo::holders::is_held;
use crate::git::repo::ids::{branch_ref, oid};
use crate::git::repo::repository::Repository;
use crate::git::state::inspect::{InProgress, WorktreeState};
use crate::plan::CommitId;

/// Refs that keep no commit permanently: some of orch's own, and refs that git commands set and forget.
const PASSING: [&str; 8] = [
    AWAY,
    BACKUPS,
    CANDIDATES,
    MADE,
    "refs/bisect/",
    "refs/original/",
    "refs/rewritten/",
    "refs/stash",
];

/// Proof: nothing in this checkout exists only there, apart from ignored files.
#[derive(Debug)]
pub(in crate::git) struct SparedTree {
    path: PathBuf,
    backup: Option<Backup>,
}

/// Proof: this commit stays reachable from a ref other than the removed one.
#[derive(Debug)]
pub(in crate::git) struct SparedCommit {
    commit: CommitId,
    backup: Option<Backup>,
}

impl SparedTree {
    /// A checkout in which nothing is uncommitted.
    pub(in crate::git) fn clean(path: &Path, state: &WorktreeState) -> Option<Self> {
        state.dirty.is_empty().then(|| Self::of(path, None))
    }

    /// A worktree whose making was interrupted. Nobody has been let in yet, so git itself wrote everything in it.
    pub(in crate::git) fn unused(record: &WorktreeRecord) -> Option<Self> {
        (record.state == TreeProgress::Making).then(|| Self::of(&record.path, None))
    }

    /// A folder that is missing, empty, or holds only its `.git` file.
    pub(in crate::git) fn empty(path: &Path) -> Option<Self> {
        let bare = fs::read_dir(path).map_or(true, |entries| {
            entries.flatten().all(|entry| entry.file_name() == ".git")
        });
        bare.then(|| Self::of(path, None))
    }

    /// A worktree that was moved away unchanged.
    pub(in crate::git) fn moved(path: &Path) -> Option<Self> {
        path.symlink_metadata().is_err().then(|| Self::of(path, None))
    }

    /// A checkout of orch's own in which only its checks have written since its last inspection.
    pub(in crate::git) fn left_by_checks(
        left: &crate::git::admin::left::LeftRecord,
        path: &Path,
        state: &WorktreeState,
    ) -> Option<Self> {
        left.explains(path, state).then(|| Self::of(path, None))
    }

    /// A checkout that was clean when orch began a step in it. The step was interrupted, and nobody else was let in
    /// since.
    pub(in crate::git) fn cut_short(path: &Path, _step: &StepRecord) -> Self {
        Self::of(path, None)
    }

    /// A checkout in which orch was cloning submodules. Nobody was let in since the cloning began.
    pub(in crate::git) fn half_cloned(path: &Path) -> Self {
        Self::of(path, None)
    }

    /// Removes the new clone of a submodule, and the submodule's files in this checkout.
    pub(in crate::git) fn forget_clone(&self, repository: &Path, checkout: &Path) -> Result<(), GitError> {
        debug_assert!(checkout.starts_with(&self.path));
        for folder in [repository, checkout] {
            match fs::remove_dir_all(folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(GitError::io("remove", folder)(error));
                }
                _ => {}
            }
        }
        fs::create_dir_all(checkout).map_err(GitError::io("create the folder", checkout))
    }

    fn of(path: &Path, backup: Option<Backup>) -> Self {
        Self {
            path: path.to_owned(),
            backup,
        }
    }

    /// The backup that was made of the checkout.
    pub(in crate::git) fn backup(&self) -> Option<&Backup> {
        self.backup.as_ref()
    }

    /// Removes every change except changes to ignored files and in orch's own folder.
    pub(in crate::git) fn wipe(&self, alone: &KeyLock) -> Result<(), GitError> {
        self.reset(alone)?;
        Git::within(&self.path)
            .args(["clean", "-f", "-d", "-q", "-e"])
            .arg(format!("/{ORCH_DIR}"))
            .holding(alone.file())?
            .run()
            .map(drop)
    }

    /// Resets all tracked files to HEAD.
    pub(in crate::git) fn reset(&self, alone: &KeyLock) -> Result<(), GitError> {
        Git::within(&self.path)
            .args(["reset", "--hard", "--quiet", "--no-recurse-submodules"])
            .holding(alone.file())?
            .run()
            .map(drop)
    }

    /// Checks out a branch, or a commit with a detached HEAD, whatever the state of the tracked files.
    pub(in crate::git) fn check_out(&self, alone: &KeyLock, to: HeadGoal<'_>) -> Result<GitAnswer, GitError> {
        let git = Git::within(&self.path).args(["checkout", "--quiet", "--no-recurse-submodules", "--force"]);
        to.name(git).holding(alone.file())?.answer()
    }

    /// Resets staged changes in the index and, where the files agree with the index, in the files. Files that also
    /// differ from the index stay as they are.
    pub(in crate::git) fn unstage(&self) -> Result<(), GitError> {
        let reset = |how: &str| Git::within(&self.path).args(["reset", "--quiet", how]);
        if reset("--merge").answer()?.status.success() {
            return Ok(());
        }
        reset("--mixed").run().map(drop)
    }

    /// Aborts a merge that stopped.
    pub(in crate::git) fn abort_merge(&self) -> Result<(), GitError> {
        Git::within(&self.path).args(["merge", "--abort"]).run().map(drop)
    }

    /// Removes git's records of an operation that git itself cannot make sense of. The commits that they name were
    /// spared before.
    pub(in crate::git) fn forget_operation(
        &self,
        admin_dir: &Path,
        operation: InProgress,
    ) -> Result<(), GitError> {
        let names: &[&str] = match operation {
            InProgress::Merge => &["MERGE_HEAD", "MERGE_MSG", "MERGE_MODE"],
            InProgress::Rebase => &["rebase-merge", "rebase-apply"],
            InProgress::CherryPick => &["CHERRY_PICK_HEAD", "sequencer"],
            InProgress::Revert => &["REVERT_HEAD", "sequencer"],
            InProgress::Bisect => &["BISECT_LOG", "BISECT_START", "BISECT_TERMS", "BISECT_NAMES"],
        };
        let notes = names.iter().map(|name| admin_dir.join(name));
        for found in notes.filter(|note| note.exists()) {
            let removed = match found.is_dir() {
                true => fs::remove_dir_all(&found),
                false => fs::remove_file(&found),
            };
            removed.map_err(GitError::io("remove", &found))?;
        }
        Ok(())
    }

    /// Removes the worktree with all its ignored files. Git itself refuses when something has changed meanwhile. But
    /// git refuses any worktree with submodules, so the caller has to have `judged` those.
    pub(in crate::git) fn remove_worktree(
        self,
        lock: &AdminLock<'_>,
        common_dir: &Path,
        judged: bool,
    ) -> Result<(), GitError> {
        let git = Git::on(common_dir).args(["worktree", "remove"]);
        let git = if judged { git.arg("--force") } else { git };
        git.arg(&self.path).holding(lock.file())?.run().map(drop)
    }

    /// Removes the folder's `.git` file, and then the useless entry in git's worktree administration, if it still
    /// exists.
    pub(in crate::git) fn forget(self, _lock: &AdminLock<'_>, entry: Option<&Path>) -> Result<(), GitError> {
        let _ = fs::remove_file(self.path.join(".git"));
        entry.map_or(Ok(()), |entry| {
            fs::remove_dir_all(entry).map_err(GitError::io("remove", entry))
        })
    }
}

/// Removes the remaining files of a merge queue's worktree that checks have spoiled.
pub(in crate::git) fn drop_spoiled(admin: &WorktreeAdmin, key: &str) {
    let _ = fs::remove_dir_all(admin.spoiled(key));
}

impl SparedCommit {
    /// The commit.
    pub(in crate::git) fn commit(&self) -> &CommitId {
        &self.commit
    }

    /// The backup that was made of the commit.
    pub(in crate::git) fn backup(&self) -> Option<&Backup> {
        self.backup.as_ref()
    }

    /// The backup that was made of the commit.
    pub(in crate::git) fn into_backup(self) -> Option<Backup> {
        self.backup
    }
}

/// Lets a checkout through the guard: without a backup when nothing is uncommitted and nothing is in the way, otherwise
/// with a backup of both. `in_the_way` lists ignored files that the next step would replace.
pub(in crate::git) fn spare_tree(
    repo: &Repository,
    owner: &str,
    path: &Path,
    state: &WorktreeState,
    in_the_way: &[PathBuf],
    stamp: &str,
) -> Result<SparedTree, GitError> {
    if state.dirty.is_empty() && in_the_way.is_empty() {
        return Ok(SparedTree::of(path, None));
    }
    let backup = set_aside(repo, owner, path, in_the_way, stamp)?;
    Ok(SparedTree::of(path, Some(backup)))
}

/// Shows that a commit is in the history of another commit, which the caller has read from a ref that stays.
pub(in crate::git) fn contained(
    repo: &Repository,
    commit: &CommitId,
    holder: &CommitId,
) -> Result<Option<SparedCommit>, GitError> {
    Ok(repo.is_ancestor(commit, holder)?.then(|| SparedCommit {
        commit: commit.clone(),
        backup: None,
    }))
}

/// Lets a commit through the guard: without a backup when a ref other than `but` holds the commit, otherwise with a
/// backup.
pub(in crate::git) fn spare_commit(
    repo: &Repository,
    owner: &str,
    commit: &CommitId,
    but: &[&str],
    stamp: &str,
) -> Result<SparedCommit, GitError> {
    // A backup may be dropped one day. So a commit that only another backup holds gets, or already has, its own backup.
    // A candidate is released soon.
    let counts = |name: &str| !but.contains(&name) && !PASSING.iter().any(|kind| name.starts_with(kind));
    let held = is_held(repo, commit, counts)?;
    let backup = match held {
        true => None,
        false => Some(back_up_once(repo, owner, commit, stamp)?),
    };
    Ok(SparedCommit {
        commit: commit.clone(),
        backup,
    })
}

/// Backs up the commit of a checkout when no ref holds it. Returns the backup, or `None` when a ref holds the commit.
///
/// # Errors
///
/// When refs cannot be read or written.
pub fn keep_loose(repo: &Repository, owner: &str, commit: &CommitId) -> Result<Option<Backup>, GitError> {
    Ok(spare_commit(repo, owner, commit, &[], &stamp())?
        .backup()
        .cloned())
}

/// Deletes a branch if it is still at the spared commit.
pub(in crate::git) fn delete_branch(
    repo: &Repository,
    branch: &str,
    spared: &SparedCommit,
) -> Result<(), GitError> {
    Git::on(repo.common_dir())
        .args(["update-ref", "-d"])
        .arg(branch_ref(branch))
        .arg(spared.commit().as_str())
        .run()
        .map(drop)
}

/// Deletes a ref of orch's own; a missing ref is no error. `holder` is a commit that another ref keeps, so its history
/// needs no backup. Returns the backup that was made.
pub(in crate::git) fn drop_own_ref(
    repo: &Repository,
    name: &str,
    owner: &str,
    holder: Option<&CommitId>,
) -> Result<Option<Backup>, GitError> {
    let Some(commit) = repo.ref_target(name)? else {
        return Ok(None);
    };
    let contained = match holder {
        Some(holder) => contained(repo, &commit, holder)?,
        None => None,
    };
    let spared = match contained {
        Some(spared) => spared,
        None => spare_commit(repo, owner, &commit, &[name], &super::backup::stamp())?,
    };
    delete_own(repo, name, &spared)?;
    Ok(spared.into_backup())
}

/// Deletes the ref without a process, because this happens for every merged task.
fn delete_own(repo: &Repository, name: &str, spared: &SparedCommit) -> Result<(), GitError> {
    let handle = repo.handle();
    let cannot = || GitError::library(format!("delete `{name}`"));
    let delete = || {
        let mut found = handle.find_reference(name)?;
        // The deletion compares the ref again with the value found here.
        match found.target() == Some(git2::Oid::from_str(spared.commit().as_str())?) {
            true => found.delete(),
            false => Err(git2::Error::from_str("it has moved")),
        }
    };
    over_dead_lock(repo, name, || failpoint::around("ref.own.delete", delete)).map_err(cannot())
}

/// Releases all candidates of the merge queue. Candidates are made of commits that branches hold, and are built again
/// on demand. No proof relies on these refs.
///
/// # Errors
///
/// When a ref cannot be read or deleted.
pub fn release_candidates(repo: &Repository) -> Result<(), GitError> {
    let cannot = || GitError::library("let go of candidates");
    let handle = repo.handle();
    let held = handle
        .references_glob(&format!("{CANDIDATES}*"))
        .map_err(cannot())?;
    for mut candidate in held.flatten() {
        candidate.delete().map_err(cannot())?;
    }
    Ok(())
}

/// Moves a branch away from the spared commit, if the branch is still there.
pub(in crate::git) fn move_branch(
    repo: &Repository,
    branch: &str,
    from: &SparedCommit,
    to: &CommitId,
    why: &str,
) -> Result<(), GitError> {
    let name = branch_ref(branch);
    let handle = repo.handle();
    let (to, from) = (oid(to)?, oid(from.commit())?);
    failpoint::around("ref.unit", || {
        handle.reference_matching(&name, to, true, from, why)
    })
    .map(drop)
    .map_err(GitError::library(format!("write `{name}`")))
}
