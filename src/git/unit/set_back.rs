//! Setting the branch of a plan back to an earlier commit. What it held is kept first.

use super::enter::{UnitCheckout, go, lane, look, step_off};
use crate::git::admin::worktree_admin::WorktreeAdmin;
use crate::git::keep::backup::Backup;
use crate::git::keep::gate::{delete_branch, drop_own_ref, move_branch, spare_commit, spare_tree};
use crate::git::keep::set_aside::back_up_once;
use crate::git::refs::unit::{UnitBranch, refuse_checked_out};
use crate::git::refs::unit_error::{UnitError, UnitRefusal};
use crate::git::repo::ids::branch_ref;
use crate::git::state::checkout::checkout_paths;
use crate::git::state::in_the_way::covered;
use crate::plan::{CommitId, PlanName};

/// A branch that was set back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchSetBack {
    /// What keeps the old tip, and uncommitted work. Empty where the branch stood there already and nothing was uncommitted.
    pub backups: Vec<Backup>,
    /// Warnings: submodules, the repository's post-checkout hook.
    pub warnings: Vec<String>,
}

/// Sets the branch of a plan back to a commit, by compare-and-swap, and its worktree (the one under `key`) with it. The old tip,
/// and what is uncommitted there, go to backups.
///
/// An interrupted one is ended by doing it again. The caller lets no agent work in the worktree.
///
/// # Errors
///
/// Refused in the middle of a merge or rebase, over repositories and submodules whose changes no commit can hold, and while the
/// branch is checked out elsewhere.
pub fn set_back(
    admin: &WorktreeAdmin,
    plan: &PlanName,
    key: &str,
    branch: &str,
    to: &CommitId,
    stamp: &str,
) -> Result<BranchSetBack, UnitError> {
    let (alone, record) = lane(admin, key)?;
    let path = record.path;
    let Some(tip) = admin.repo.branch_tip(branch)? else {
        let branch = branch.to_owned();
        return Err(UnitRefusal::NoBranch { branch }.into());
    };
    let mut state = look(&path)?;
    refuse_checked_out(&admin.repo, branch, Some(&path))?;
    let mut backups = Vec::new();
    let owner = plan.as_str();
    // Pins may hold them and are moved later, so a backup is made in any case.
    for commit in [&tip, &state.head] {
        if !admin.repo.is_ancestor(commit, to)? {
            backups.push(back_up_once(&admin.repo, owner, commit, stamp)?);
        }
    }
    let in_the_way = covered(&path, &state.head, to)?;
    let spared = spare_tree(&admin.repo, owner, &path, &state, &in_the_way, stamp)?;
    backups.extend(spared.backup().cloned());
    let dirty = !state.dirty.is_empty();
    if dirty {
        spared.wipe(&alone)?;
    }
    if tip != *to {
        if state.branch.as_deref() == Some(branch) {
            // A branch is not moved below a checkout of it: what is interrupted here is a detached HEAD.
            super::enter::write_head(&path, None, &state.head)?;
            state.branch = None;
        }
        let old = spare_commit(&admin.repo, owner, &tip, &[&branch_ref(branch)], stamp)?;
        move_branch(&admin.repo, branch, &old, to, "orch: set back")?;
    }
    let place = UnitCheckout {
        commit: to,
        branch: Some(branch),
    };
    let warnings = go(admin, &alone, &path, &state, &place, dirty.then_some(&spared))?;
    backups.dedup();
    Ok(BranchSetBack { backups, warnings })
}

/// Removes the branch of a unit whose work is to be done again; what it holds goes to a backup, which is returned. A worktree that
/// is on it is taken off it. A missing branch is no error.
///
/// # Errors
///
/// When a worktree on it is in the middle of a merge or rebase, or not one of `orch`'s.
pub fn drop_unit(admin: &WorktreeAdmin, unit: &UnitBranch, stamp: &str) -> Result<Option<Backup>, UnitError> {
    let repo = &admin.repo;
    // A branch without a mark is somebody's.
    let (Some(_), Some(tip)) = (repo.ref_target(&unit.mark())?, repo.branch_tip(&unit.branch)?) else {
        return Ok(None);
    };
    for path in checkout_paths(repo, &unit.branch)? {
        match admin.key_at(&path)? {
            Some(key) => step_off(admin, &key)?,
            None => refuse_checked_out(repo, &unit.branch, None)?,
        }
    }
    let owner = unit.plan.as_str();
    let kept = back_up_once(repo, owner, &tip, stamp)?;
    let spared = spare_commit(
        repo,
        owner,
        &tip,
        &[&branch_ref(&unit.branch), &unit.mark()],
        stamp,
    )?;
    delete_branch(repo, &unit.branch, &spared)?;
    drop_own_ref(repo, &unit.mark(), owner, Some(&tip))?;
    Ok(Some(kept))
}
