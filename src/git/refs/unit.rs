//! Units of work: the branches of tasks and phases, which are merged one by one into their plan's branch.
//!
//! `refs/orch/units/PLAN/BRANCH` records that orch has made a branch for a unit of a plan. The record is written before
//! the branch is made and removed after the branch is deleted, so a branch without a record is always somebody else's.

use super::unit_error::{UnitError, UnitRefusal};
use crate::failpoint;
use crate::git::files::error::GitError;
use crate::git::files::names::UNITS;
use crate::git::keep::gate::{SparedCommit, contained, delete_branch, drop_own_ref, move_branch};
use crate::git::lock::own_ref::write_ref;
use crate::git::lock::stale_lock;
use crate::git::repo::ids::{branch_ref, oid};
use crate::git::repo::repository::Repository;
use crate::git::repo::revision::is_branch_name;
use crate::git::state::checkout::checkout_paths;
use crate::plan::{CommitId, PlanName};

/// A unit of work and its branch.
///
/// Functions that take a `UnitBranch` change the plan's branch, the unit's branch and worktrees step by step. The
/// caller ensures that only one such function runs for a plan at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitBranch {
    /// The plan.
    pub plan: PlanName,
    /// The plan's branch, without `refs/heads/`, such as `orch/auth`.
    pub plan_branch: String,
    /// The unit's branch, such as `orch/auth.2.3`.
    pub branch: String,
}

impl UnitBranch {
    pub(in crate::git) fn mark(&self) -> String {
        format!("{UNITS}{}/{}", self.plan, self.branch)
    }
}

/// The branches that orch has made for units of a plan, sorted. Includes branches whose making or deletion was
/// interrupted, so some of them may not exist.
pub fn units(repo: &Repository, plan: &PlanName) -> Result<Vec<String>, GitError> {
    marks(repo, &format!("{UNITS}{plan}/"))
}

/// True when orch has made the branch for a unit of any plan.
pub(in crate::git) fn is_unit(repo: &Repository, branch: &str) -> Result<bool, GitError> {
    let marks = marks(repo, UNITS)?;
    Ok(marks
        .iter()
        .any(|mark| mark.split_once('/').is_some_and(|(_, of)| of == branch)))
}

pub(in crate::git) fn marks(repo: &Repository, below: &str) -> Result<Vec<String>, GitError> {
    let handle = repo.handle();
    let cannot = || GitError::library("list the branches of units");
    let mut names = handle.references_glob(&format!("{below}*")).map_err(cannot())?;
    let mut marks: Vec<String> = names
        .names()
        .flatten()
        .filter_map(|name| name.strip_prefix(below).map(str::to_owned))
        .collect();
    marks.sort();
    Ok(marks)
}

/// The tips of the plan's branch and of the unit's branch, if that exists. Refuses a branch that orch did not make.
pub(in crate::git) fn unit_tips(
    repo: &Repository,
    unit: &UnitBranch,
) -> Result<(CommitId, Option<CommitId>), UnitError> {
    if !is_branch_name(&unit.branch) || unit.branch == unit.plan_branch {
        let branch = unit.branch.clone();
        return Err(UnitRefusal::BadBranch { branch }.into());
    }
    let Some(plan) = repo.branch_tip(&unit.plan_branch)? else {
        let branch = unit.plan_branch.clone();
        return Err(UnitRefusal::NoBranch { branch }.into());
    };
    let tip = repo.branch_tip(&unit.branch)?;
    if tip.is_some() && repo.ref_target(&unit.mark())?.is_none() {
        let branch = unit.branch.clone();
        return Err(UnitRefusal::ForeignBranch { branch }.into());
    }
    Ok((plan, tip))
}

/// Makes or moves the unit's branch by compare-and-swap. `old` is the branch's tip; `None` to make the branch.
pub(in crate::git) fn set_unit(
    repo: &Repository,
    unit: &UnitBranch,
    old: Option<&SparedCommit>,
    new: &CommitId,
) -> Result<(), GitError> {
    write_ref(repo, &unit.mark(), new, "orch: unit")?;
    match old {
        None => {
            let name = branch_ref(&unit.branch);
            let new = oid(new)?;
            let handle = repo.handle();
            failpoint::around("ref.unit", || handle.reference(&name, new, false, "orch: start"))
                .map(drop)
                .map_err(GitError::library(format!("write `{name}`")))
        }
        Some(old) => move_branch(repo, &unit.branch, old, new, "orch: start again"),
    }
}

/// Records again that orch has made the unit's branch, when somebody has deleted the record. For a caller who knows
/// otherwise that an attempt at the unit began on that branch.
///
/// # Errors
///
/// When refs cannot be read or written.
pub fn note_unit_again(repo: &Repository, unit: &UnitBranch) -> Result<(), GitError> {
    match repo.branch_tip(&unit.branch)? {
        Some(tip) if repo.ref_target(&unit.mark())?.is_none() => {
            write_ref(repo, &unit.mark(), &tip, "orch: unit")
        }
        _ => Ok(()),
    }
}

/// Deletes a unit's branch by compare-and-swap, once the plan's branch contains all its commits and no checkout is on
/// it. Returns the branch's last commit; `None` when the branch was already gone.
///
/// # Errors
///
/// Refuses while the branch has commits of its own or is checked out.
pub fn delete_unit(repo: &Repository, unit: &UnitBranch) -> Result<Option<CommitId>, UnitError> {
    // Also clears the lock of a git command that was killed after it had deleted the branch.
    stale_lock::clear_packed(repo.common_dir())?;
    stale_lock::clear_beside(&repo.common_dir().join(branch_ref(&unit.branch)))?;
    let (plan, tip) = unit_tips(repo, unit)?;
    if let Some(tip) = &tip {
        let Some(spared) = contained(repo, tip, &plan)? else {
            return Err(UnitRefusal::NotMerged {
                branch: unit.branch.clone(),
                into: unit.plan_branch.clone(),
            }
            .into());
        };
        refuse_checked_out(repo, &unit.branch, None)?;
        delete_branch(repo, &unit.branch, &spared)?;
    }
    drop_own_ref(repo, &unit.mark(), unit.plan.as_str(), Some(&plan))?;
    Ok(tip)
}

/// Deletes a unit's branch that is known to hold nothing of its own.
pub(in crate::git) fn delete_judged_unit(
    repo: &Repository,
    branch: &str,
    spared: &SparedCommit,
) -> Result<(), GitError> {
    if repo.branch_tip(branch)?.is_some() {
        delete_branch(repo, branch, spared)?;
    }
    for mark in marks(repo, UNITS)? {
        if let Some((plan, _)) = mark.split_once('/').filter(|(_, of)| *of == branch) {
            drop_own_ref(repo, &format!("{UNITS}{mark}"), plan, None)?;
        }
    }
    Ok(())
}

/// Refuses when the branch is checked out anywhere except in the folder `but`.
pub(in crate::git) fn refuse_checked_out(
    repo: &Repository,
    branch: &str,
    but: Option<&std::path::Path>,
) -> Result<(), UnitError> {
    let elsewhere = checkout_paths(repo, branch)?
        .into_iter()
        .find(|path| Some(path.as_path()) != but);
    match elsewhere {
        Some(path) => {
            let branch = branch.to_owned();
            Err(UnitRefusal::CheckedOutElsewhere { branch, path }.into())
        }
        None => Ok(()),
    }
}
