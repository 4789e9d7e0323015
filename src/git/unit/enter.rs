//! Checking out a unit's branch in a lane's worktree, and leaving the branch again.

use std::path::{Path, PathBuf};

use crate::failpoint;
use crate::git::admin::worktree_admin::{KeyLock, WorktreeAdmin};
use crate::git::admin::worktree_record::WorktreeRecord;
use crate::git::files::error::GitError;
use crate::git::files::registration::read_head;
use crate::git::keep::backup::Backup;
use crate::git::keep::came::{head_before, spare_what_came};
use crate::git::keep::gate::{SparedCommit, SparedTree, contained, spare_commit, spare_tree};
use crate::git::keep::goal::HeadGoal;
use crate::git::keep::step;
use crate::git::keep::step::StepRecord;
use crate::git::landing::beside::index_equals;
use crate::git::lock::stale_lock;
use crate::git::program::command::Git;
use crate::git::refs::unit::{UnitBranch, refuse_checked_out, set_unit, unit_tips};
use crate::git::refs::unit_error::{UnitError, UnitRefusal};
use crate::git::repo::ids::{branch_ref, oid};
use crate::git::state::in_the_way::covered;
use crate::git::state::inspect;
use crate::git::state::inspect::{WorktreeState, inspect};
use crate::git::step::cut_step::undo_cut_step;
use crate::git::step::half_way::undo_half;
use crate::git::step::submodule::keep_submodule_commits;
use crate::git::worktree::ensure::alone;
use crate::git::worktree::populate::update_submodules;
use crate::plan::CommitId;

/// Where an attempt at a unit begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitStart {
    /// On the commits of the unit's branch. A branch without commits of its own starts at the plan branch's tip.
    Continue,
    /// At the plan branch's tip. Commits of the unit's branch are backed up and dropped from the branch.
    Fresh,
}

/// A worktree on its unit's branch, without uncommitted changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitReady {
    /// Its folder.
    pub path: PathBuf,
    /// The checked-out commit, which is the tip of the unit's branch.
    pub head: CommitId,
    /// The backups: leftover changes, commits of a detached HEAD, commits of the unit's branch.
    pub backups: Vec<Backup>,
    /// Warnings: submodules, the repository's post-checkout hook.
    pub warnings: Vec<String>,
}

/// The checkout to make.
pub(in crate::git) struct UnitCheckout<'a> {
    pub(in crate::git) commit: &'a CommitId,
    pub(in crate::git) branch: Option<&'a str>,
}

impl UnitCheckout<'_> {
    fn goal(&self) -> HeadGoal<'_> {
        match self.branch {
            Some(branch) => HeadGoal::Branch(branch),
            None => HeadGoal::Detached(self.commit),
        }
    }
}

/// Checks out a unit's branch in the worktree under a key, whatever was checked out, and makes a missing branch.
///
/// Uncommitted changes, including staged and untracked ones, are backed up before they are cleaned away. Ignored files
/// stay; they are backed up where the branch has files of its own. Commits that would no longer be on any branch are
/// backed up. `stamp` names the backups, see [`backup`](crate::git::keep::backup).
///
/// Another call completes an interrupted one. The caller ensures that no other step with a unit of this plan runs at
/// the same time, and that no agent works in the worktree.
///
/// # Errors
///
/// Refuses in the middle of a merge or rebase; when a repository or submodule has changes that no commit can hold; and
/// when orch did not make the branch or the branch is checked out elsewhere.
pub fn enter_unit(
    admin: &WorktreeAdmin,
    key: &str,
    unit: &UnitBranch,
    entry: UnitStart,
    stamp: &str,
) -> Result<UnitReady, UnitError> {
    let (alone, record) = lane(admin, key)?;
    let path = record.path;
    let ref_lock = admin.repo.common_dir().join(branch_ref(&unit.branch));
    stale_lock::clear_beside(&ref_lock)?;
    let (plan_tip, tip) = unit_tips(&admin.repo, unit)?;
    let mut state = look(&path)?;
    if tip.is_some() {
        refuse_checked_out(&admin.repo, &unit.branch, Some(&path))?;
    }
    let own_tip = match &tip {
        Some(tip) if !admin.repo.is_ancestor(tip, &plan_tip)? => Some(tip),
        _ => None,
    };
    let commit = match own_tip {
        Some(tip) if entry == UnitStart::Continue => tip,
        _ => &plan_tip,
    };

    let mut backups = Vec::new();
    let owner = unit.plan.as_str();
    let old = match &tip {
        Some(tip) if tip != commit => {
            let spared = match contained(&admin.repo, tip, &plan_tip)? {
                Some(spared) => spared,
                None => spare_commit(
                    &admin.repo,
                    owner,
                    tip,
                    &[&branch_ref(&unit.branch), &unit.mark()],
                    stamp,
                )?,
            };
            Some(spared)
        }
        _ => None,
    };
    backups.extend(old.as_ref().and_then(SparedCommit::backup).cloned());
    if state.branch.is_none()
        && !admin.repo.is_ancestor(&state.head, &plan_tip)?
        && Some(&state.head) != own_tip
    {
        let spared = spare_commit(&admin.repo, owner, &state.head, &[&unit.mark()], stamp)?;
        backups.extend(spared.into_backup());
    }
    let in_the_way = covered(&path, &state.head, commit)?;
    let spared = spare_tree(&admin.repo, owner, &path, &state, &in_the_way, stamp)?;
    backups.extend(spared.backup().cloned());
    let dirty = !state.dirty.is_empty();
    if dirty {
        spared.wipe(&alone)?;
    }

    if tip.as_ref() != Some(commit) {
        if tip.is_some() && state.branch.as_ref() == Some(&unit.branch) {
            // A branch must not move under a checkout of it. An interruption here leaves a detached HEAD.
            write_head(&path, None, &state.head)?;
            state.branch = None;
        }
        set_unit(&admin.repo, unit, old.as_ref(), commit)?;
    }
    let place = UnitCheckout {
        commit,
        branch: Some(&unit.branch),
    };
    let warnings = go(admin, &alone, &path, &state, &place, dirty.then_some(&spared))?;
    Ok(UnitReady {
        head: commit.clone(),
        path,
        backups,
        warnings,
    })
}

/// Takes the worktree under a key off its unit's branch, so that the branch can be deleted. The plan's own worktree
/// returns to the plan's branch; an additional lane is detached at the tip of that branch. Returns this tip.
///
/// Another call completes an interrupted one. The caller ensures that no other step with a unit of this plan runs at
/// the same time, and that no agent works in the worktree.
///
/// # Errors
///
/// Refuses while anything is uncommitted or half done, and when a detached HEAD has commits of its own.
pub fn leave_unit(admin: &WorktreeAdmin, key: &str, plan_branch: &str) -> Result<CommitId, UnitError> {
    let (alone, record) = lane(admin, key)?;
    let path = record.path;
    let Some(tip) = admin.repo.branch_tip(plan_branch)? else {
        let branch = plan_branch.to_owned();
        return Err(UnitRefusal::NoBranch { branch }.into());
    };
    let own = record.branch.as_deref() == Some(plan_branch);
    let place = UnitCheckout {
        commit: &tip,
        branch: own.then_some(plan_branch),
    };
    let mut state = look(&path)?;
    if !state.dirty.is_empty() {
        // The changes may be leftovers of a killed git command of this very step.
        if index_equals(&admin.repo, &path, &tip)? {
            write_head(&path, place.branch, &tip)?;
        } else if index_equals(&admin.repo, &path, &state.head)? {
            undo_half(&path, &state.head, tip.as_str(), None)?;
        }
        state = look(&path)?;
    }
    if !state.dirty.is_empty() {
        let files = state.dirty;
        return Err(UnitRefusal::Dirty { path, files }.into());
    }
    if state.branch.is_none() && !admin.repo.is_ancestor(&state.head, &tip)? {
        return Err(UnitRefusal::Loose {
            path,
            head: state.head,
            plan_branch: plan_branch.to_owned(),
        }
        .into());
    }
    let files = covered(&path, &state.head, &tip)?;
    if !files.is_empty() {
        return Err(UnitRefusal::InTheWay { path, files }.into());
    }
    if own && state.branch.as_deref() != Some(plan_branch) {
        refuse_checked_out(&admin.repo, plan_branch, Some(&path))?;
    }
    go(admin, &alone, &path, &state, &place, None)?;
    Ok(tip)
}

/// Detaches the worktree under a key from its branch and touches nothing else, so that another lane can continue with
/// that branch. Changes stay as they are until the lane is entered again.
///
/// The caller ensures that no other step with a unit of this plan runs at the same time, and that no agent works in the
/// worktree.
///
/// # Errors
///
/// Refuses in the middle of a merge or rebase.
pub fn step_off(admin: &WorktreeAdmin, key: &str) -> Result<(), UnitError> {
    let (_alone, record) = lane(admin, key)?;
    let path = record.path;
    let state = inspect(&path)?;
    if let Some(operation) = state.in_progress {
        return Err(UnitRefusal::InProgress { path, operation }.into());
    }
    if state.branch.is_some() {
        write_head(&path, None, &state.head)?;
    }
    Ok(())
}

/// The record of a worktree, and the proof that nothing else in orch works on the worktree.
pub(in crate::git) fn lane(admin: &WorktreeAdmin, key: &str) -> Result<(KeyLock, WorktreeRecord), UnitError> {
    let not_ours = || UnitRefusal::NotOurs { key: key.to_owned() };
    let alone = alone(admin, key).map_err(|_| not_ours())?;
    let record = admin.read_record(key)?.ok_or_else(not_ours)?;
    let admin_dir = inspect::git_dir(&record.path)?;
    stale_lock::clear_admin_dir(&admin_dir)?;
    // `git reset` and `git checkout` lock the branch that is checked out.
    if let Some(Some(branch)) = read_head(&admin_dir.join("HEAD")) {
        stale_lock::clear_beside(&admin.repo.common_dir().join(branch_ref(&branch)))?;
    }
    undo_cut_step(&record.path)?;
    Ok((alone, record))
}

/// Checks out `place` in a clean worktree. With `force`, the checkout is forced after the cleaning, for files that
/// never show as clean.
pub(in crate::git) fn go(
    admin: &WorktreeAdmin,
    alone: &KeyLock,
    path: &Path,
    state: &WorktreeState,
    place: &UnitCheckout<'_>,
    force: Option<&SparedTree>,
) -> Result<Vec<String>, UnitError> {
    let mut warnings = Vec::new();
    if state.head == *place.commit {
        // Neither files nor index differ, so a git process would only cost time.
        spare_what_came(admin, path, state, inspect::head_of(path).ok())?;
        if state.branch.as_deref() != place.branch {
            write_head(path, place.branch, place.commit)?;
        }
    } else {
        let (from, to) = (state.head.clone(), place.commit.clone());
        step::begin(path, &StepRecord::CheckOut { from, to })?;
        let answer = match force {
            Some(spared) => spared.check_out(alone, place.goal())?,
            None => {
                let git = Git::within(path).args(["checkout", "--quiet", "--no-recurse-submodules"]);
                place.goal().name(git).holding(alone.file())?.answer()?
            }
        };
        let on = read_head(&inspect::git_dir(path)?.join("HEAD"));
        let arrived = on.is_some_and(|on| on.as_deref() == place.branch);
        if !arrived || inspect::head_of(path)? != *place.commit {
            return Err(answer.failure().into());
        }
        spare_what_came(admin, path, state, head_before(path))?;
        if !answer.status.success() {
            // The files are in place; only the hook failed.
            warnings.push(crate::git::worktree::populate::hook_failed(&answer.stderr));
        }
    }
    if force.is_some() || state.head != *place.commit {
        warnings.extend(update_submodules(admin, alone, path)?);
    }
    if state.head != *place.commit {
        step::end(path)?;
    }
    Ok(warnings)
}

/// Inspects a worktree, and refuses changes that could be lost because no commit of the worktree can hold them.
pub(in crate::git) fn look(path: &Path) -> Result<WorktreeState, UnitError> {
    let state = inspect(path)?;
    if let Some(operation) = state.in_progress {
        let path = path.to_owned();
        return Err(UnitRefusal::InProgress { path, operation }.into());
    }
    refuse_what_no_commit_holds(path, &state)?;
    Ok(state)
}

/// Refuses repositories and submodules with changes that no commit of the worktree can hold.
pub(in crate::git) fn refuse_what_no_commit_holds(
    path: &Path,
    state: &WorktreeState,
) -> Result<(), UnitError> {
    let nested: Vec<PathBuf> = state
        .dirty
        .iter()
        .filter(|file| file.as_os_str().as_encoded_bytes().ends_with(b"/"))
        .cloned()
        .collect();
    if !nested.is_empty() {
        let path = path.to_owned();
        return Err(UnitRefusal::NestedRepositories { path, nested }.into());
    }
    if path.join(".gitmodules").exists() && !keep_submodule_commits(path)? {
        let path = path.to_owned();
        return Err(UnitRefusal::Submodule { path }.into());
    }
    Ok(())
}

/// Writes HEAD of a worktree whose index and files already agree with the commit.
pub(in crate::git) fn write_head(
    path: &Path,
    branch: Option<&str>,
    commit: &CommitId,
) -> Result<(), GitError> {
    let cannot = || GitError::library(format!("write HEAD of `{}`", path.display()));
    let repo = git2::Repository::open(path).map_err(cannot())?;
    let detached = oid(commit)?;
    // Not `set_head`, because it opens every worktree of the repository.
    let write = || match branch {
        Some(branch) => repo
            .reference_symbolic("HEAD", &branch_ref(branch), true, "orch: enter")
            .map(drop),
        None => repo.reference("HEAD", detached, true, "orch: leave").map(drop),
    };
    failpoint::around("head", write).map_err(cannot())
}
