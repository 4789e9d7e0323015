//! Ending what was begun with git in a worktree and left open, such as a rebase whose agent is gone, so that the next one can
//! work there. Whatever only that held is kept first.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::enter::{UnitCheckout, go, lane, look, refuse_what_no_commit_holds};
use crate::git::admin::worktree_admin::WorktreeAdmin;
use crate::git::files::error::GitError;
use crate::git::files::git_process::is_git_in;
use crate::git::files::registration::read_head;
use crate::git::files::regular;
use crate::git::keep::backup::Backup;
use crate::git::keep::gate::{SparedTree, spare_commit, spare_tree};
use crate::git::program::command::Git;
use crate::git::refs::unit::refuse_checked_out;
use crate::git::refs::unit_error::{UnitError, UnitRefusal};
use crate::git::repo::ids::commit_id;
use crate::git::state::checkout::checkout_paths;
use crate::git::state::in_the_way::covered;
use crate::git::state::inspect::{InProgress, git_dir, in_progress, inspect};
use crate::plan::CommitId;

/// The aborted operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// The operation that was begun.
    pub operation: InProgress,
    /// What was kept of it: uncommitted files, commits that no branch has. Empty when it held nothing of its own.
    pub backups: Vec<Backup>,
}

/// An operation within another, such as a pick that a rebase makes, and not more.
const DEEP: usize = 4;

/// Where git writes which commits an operation is about, in its admin dir of the worktree.
const NAMING: &[&str] = &[
    "MERGE_HEAD",
    "MERGE_AUTOSTASH",
    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",
    "BISECT_LOG",
    "sequencer/todo",
    "sequencer/head",
    "rebase-merge/orig-head",
    "rebase-merge/autostash",
    "rebase-merge/done",
    "rebase-merge/git-rebase-todo",
    "rebase-apply/orig-head",
    "rebase-apply/autostash",
];

/// Words of a to-do list are hardly more; each is looked up.
const MOST_NAMES: usize = 2_000;

/// Ends what is in progress in a worktree of `owner`, and puts it back on `branch` as that stands: the commits and files that
/// nothing else has go to backups first. None when nothing is in progress. `stamp` names the backups, see
/// [`backup`](crate::git::keep::backup).
///
/// An interrupted one is ended by doing it again. The caller lets no agent in the worktree meanwhile.
///
/// # Errors
///
/// Refused while a git command is at work there, and over repositories and submodules whose changes no commit can hold.
pub fn give_up(
    admin: &WorktreeAdmin,
    path: &Path,
    owner: &str,
    branch: &str,
    stamp: &str,
) -> Result<Option<GivenUp>, UnitError> {
    let not_ours = || UnitRefusal::NotOurs {
        key: owner.to_owned(),
    };
    let key = admin.key_at(path)?.ok_or_else(not_ours)?;
    let (alone, _) = lane(admin, &key)?;
    let state = inspect(path)?;
    let Some(operation) = state.in_progress else {
        return Ok(None);
    };
    // Such as a step that waits for a person's editor.
    if is_git_in(path) {
        let path = path.to_owned();
        return Err(UnitRefusal::InProgress { path, operation }.into());
    }
    refuse_what_no_commit_holds(path, &state)?;
    let tip = admin.repo.branch_tip(branch)?;
    let admin_dir = git_dir(path)?;
    let mut backups = Vec::new();
    let mut commits = named(admin, &admin_dir)?;
    if state.branch.is_none() {
        commits.insert(state.head.clone());
    }
    for commit in commits {
        let held = match &tip {
            Some(tip) => admin.repo.is_ancestor(&commit, tip)?,
            None => false,
        };
        if !held {
            let spared = spare_commit(&admin.repo, owner, &commit, &[], stamp)?;
            backups.extend(spared.into_backup());
        }
    }
    let in_the_way = match &tip {
        Some(tip) => covered(path, &state.head, tip)?,
        None => Vec::new(),
    };
    let spared = spare_tree(&admin.repo, owner, path, &state, &in_the_way, stamp)?;
    backups.extend(spared.backup().cloned());
    end(path, &admin_dir, &spared)?;
    let dirty = !inspect(path)?.dirty.is_empty();
    if dirty {
        spared.wipe(&alone)?;
    }
    let here = |other: &PathBuf| other == path || path.canonicalize().is_ok_and(|path| *other == path);
    let free = checkout_paths(&admin.repo, branch)?.iter().all(here);
    if let Some(tip) = tip.filter(|_| free) {
        let place = UnitCheckout {
            commit: &tip,
            branch: Some(branch),
        };
        go(
            admin,
            &alone,
            path,
            &inspect(path)?,
            &place,
            dirty.then_some(&spared),
        )?;
    }
    Ok(Some(GivenUp { operation, backups }))
}

/// Puts a worktree of `owner` back on `branch` as that stands, whatever an agent has left checked out in it: commits of a
/// detached HEAD and uncommitted files go to backups first, which are given; commits of another branch stay on that. None
/// when it is on it. The caller lets no agent in the worktree meanwhile.
///
/// # Errors
///
/// Refused in the middle of a merge or rebase, over repositories and submodules whose changes no commit can hold, and
/// where the branch is checked out elsewhere.
pub fn put_back(
    admin: &WorktreeAdmin,
    path: &Path,
    owner: &str,
    branch: &str,
    stamp: &str,
) -> Result<Option<Vec<Backup>>, UnitError> {
    let on = read_head(&git_dir(path)?.join("HEAD"));
    if on.is_some_and(|on| on.as_deref() == Some(branch)) {
        return Ok(None);
    }
    let (Some(tip), Some(key)) = (admin.repo.branch_tip(branch)?, admin.key_at(path)?) else {
        return Ok(None);
    };
    let (alone, _) = lane(admin, &key)?;
    let state = look(path)?;
    refuse_checked_out(&admin.repo, branch, Some(path))?;
    let mut backups = Vec::new();
    if state.branch.is_none() && !admin.repo.is_ancestor(&state.head, &tip)? {
        let spared = spare_commit(&admin.repo, owner, &state.head, &[], stamp)?;
        backups.extend(spared.into_backup());
    }
    let in_the_way = covered(path, &state.head, &tip)?;
    let spared = spare_tree(&admin.repo, owner, path, &state, &in_the_way, stamp)?;
    backups.extend(spared.backup().cloned());
    let dirty = !state.dirty.is_empty();
    if dirty {
        spared.wipe(&alone)?;
    }
    let place = UnitCheckout {
        commit: &tip,
        branch: Some(branch),
    };
    go(admin, &alone, path, &state, &place, dirty.then_some(&spared))?;
    Ok(Some(backups))
}

/// The commits that git's notes about an operation name.
fn named(admin: &WorktreeAdmin, admin_dir: &Path) -> Result<BTreeSet<CommitId>, GitError> {
    let repo = admin.repo.handle();
    let texts = NAMING
        .iter()
        .filter_map(|file| regular::read_to_string(&admin_dir.join(file)).ok());
    let texts: Vec<String> = texts.collect();
    let words = texts.iter().flat_map(|text| text.split_ascii_whitespace());
    let is_name =
        |word: &&str| (7..=64).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let commit = |word: &str| {
        let found = repo.revparse_single(word).ok()?;
        Some(commit_id(found.peel_to_commit().ok()?.id()))
    };
    Ok(words
        .filter(is_name)
        .take(MOST_NAMES)
        .filter_map(commit)
        .collect())
}

/// Has git forget what is in progress. HEAD and files stay as they are.
fn end(path: &Path, admin_dir: &Path, spared: &SparedTree) -> Result<(), GitError> {
    for _ in 0..DEEP {
        let Some(operation) = in_progress(admin_dir) else {
            return Ok(());
        };
        let words: &[&str] = match operation {
            InProgress::Merge => &["merge", "--quit"],
            InProgress::Rebase if admin_dir.join("rebase-apply/applying").exists() => &["am", "--quit"],
            InProgress::Rebase => &["rebase", "--quit"],
            InProgress::CherryPick => &["cherry-pick", "--quit"],
            InProgress::Revert => &["revert", "--quit"],
            InProgress::Bisect => &["bisect", "reset", "HEAD"],
        };
        // It would go to the list of stashes, which all checkouts share. It is in a backup.
        for autostash in [
            "rebase-merge/autostash",
            "rebase-apply/autostash",
            "MERGE_AUTOSTASH",
        ] {
            let _ = fs::remove_file(admin_dir.join(autostash));
        }
        Git::within(path).args(words).answer()?;
        if in_progress(admin_dir) == Some(operation) {
            spared.forget_operation(admin_dir, operation)?;
        }
    }
    Ok(())
}
