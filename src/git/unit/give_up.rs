//! Ends a git operation that was left open in a worktree, such as a rebase whose agent is gone, so that the next agent
//! can work there. Commits and files that only the operation held are backed up first.

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
    /// Backups of uncommitted files and of commits that no branch has. Empty when the operation held nothing of its
    /// own.
    pub backups: Vec<Backup>,
}

/// The most operations that can be nested, such as a cherry-pick within a rebase.
const DEEP: usize = 4;

/// The files in a worktree's admin dir in which git records the commits of an operation.
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

/// The most words that are looked up as commits. To-do lists hardly have more.
const MOST_NAMES: usize = 2_000;

/// Ends the operation in progress in a worktree of `owner`, and checks out the tip of `branch` there. Commits and files
/// that nothing else holds are backed up first. Returns `None` when no operation is in progress. `stamp` names the
/// backups, see [`backup`](crate::git::keep::backup).
///
/// Another call completes an interrupted one. The caller ensures that no agent works in the worktree meanwhile.
///
/// # Errors
///
/// Refuses while a git command runs in the worktree, and when a repository or submodule has changes that no commit can
/// hold.
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
    // For example a step that waits for a person's editor.
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

/// Checks out the tip of `branch` in a worktree of `owner` again, whatever an agent has left checked out there. Commits
/// of a detached HEAD and uncommitted files are backed up first, and the backups are returned. Commits of another
/// branch stay on that branch. Returns `None` when the worktree is on `branch`. The caller ensures that no agent works
/// in the worktree meanwhile.
///
/// # Errors
///
/// Refuses in the middle of a merge or rebase; when a repository or submodule has changes that no commit can hold; and
/// when the branch is checked out elsewhere.
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

/// The commits that git's records of an operation name.
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

/// Makes git forget the operation in progress. HEAD and files stay as they are.
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
        // Git would move the autostash to the list of stashes, which all checkouts share. The autostash is already
        // backed up.
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
