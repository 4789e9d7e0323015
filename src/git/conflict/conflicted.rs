//! The worktree in which a person or an agent resolves a plan's conflict with the target: opening it, accepting its
//! resolution, abandoning the resolution, and removing the worktree after the landing.
//!
//! The worktree is on the target's tip, detached. The merge of the plan's branch is begun and left open, with markers
//! in the files and conflicts in the index. So `git status`, `git mergetool` and editors work as after any `git merge`.

use std::path::{Path, PathBuf};

use super::conflict_error::ConflictError;
use super::left_open::{begin_merge, marked_lines, markers, merge_head, remember, standing};
use crate::git::admin::worktree_admin::{KeyLock, WorktreeAdmin};
use crate::git::files::registration::settle;
use crate::git::keep::backup::{Backup, stamp};
use crate::git::keep::gate::{SparedTree, contained, spare_commit, spare_tree};
use crate::git::keep::goal::HeadGoal;
use crate::git::lock::stale_lock;
use crate::git::refs::resolution::{forget_resolution, note_resolution, note_sides, resolution_refs, sides};
use crate::git::repo::identity::committing_within;
use crate::git::state::in_the_way::covered;
use crate::git::state::inspect::{InProgress, git_dir, inspect};
use crate::git::worktree::ensure::alone;
use crate::git::worktree::lane::{LaneSpec, ensure_lane};
use crate::git::worktree::removal::{removable, remove};
use crate::plan::{CommitId, PlanName};

/// The name of orch's record about the worktree in which a plan's conflict is resolved.
pub fn conflict_key(plan: &PlanName) -> String {
    format!("{plan}@resolve")
}

/// A conflict to check out.
#[derive(Debug, Clone)]
pub struct ConflictSpec<'a> {
    /// The plan.
    pub plan: &'a PlanName,
    /// The folder to put the worktree in.
    pub path: &'a Path,
    /// The target's tip.
    pub onto: &'a CommitId,
    /// The tip of the plan's branch.
    pub head: &'a CommitId,
    /// The commit to merge: the head, or the commit that stands in for it.
    pub incoming: &'a CommitId,
    /// The commit message.
    pub message: &'a str,
}

/// A conflict that is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenConflict {
    /// The worktree.
    pub path: PathBuf,
    /// Files to resolve, relative to the worktree, sorted.
    pub unmerged: Vec<PathBuf>,
    /// Files that git resolved by a recorded resolution, sorted.
    pub reused: Vec<PathBuf>,
    /// True when the conflict was already checked out. Nothing was touched then.
    pub again: bool,
    /// The backups of earlier files.
    pub backups: Vec<Backup>,
    /// Warnings.
    pub warnings: Vec<String>,
}

/// Checks a conflict out. A conflict that is already checked out stays as it is, even when a side has moved since, so
/// that no work on it is lost. Another call completes an interrupted checkout.
///
/// # Errors
///
/// When the worktree cannot be made, another operation is under way in it, or git fails.
pub fn open_conflict(admin: &WorktreeAdmin, spec: &ConflictSpec<'_>) -> Result<OpenConflict, ConflictError> {
    let key = conflict_key(spec.plan);
    let ready = ensure_lane(
        admin,
        &LaneSpec {
            key: key.clone(),
            path: spec.path.to_owned(),
            branch: None,
            base: spec.onto.clone(),
        },
    )?;
    let path = ready.path;
    let alone = alone(admin, &key)?;
    stale_lock::clear_admin_dir(&git_dir(&path)?)?;
    let state = inspect(&path)?;
    match state.in_progress {
        None => {}
        Some(InProgress::Merge) => {
            return Ok(OpenConflict {
                unmerged: standing(&path)?.unmerged,
                path,
                reused: Vec::new(),
                again: true,
                backups: Vec::new(),
                warnings: ready.warnings,
            });
        }
        Some(operation) => return Err(ConflictError::InProgress { path, operation }),
    }
    let backups = put_on(admin, &alone, spec.plan, &path, spec.onto)?;
    note_sides(&admin.repo, spec.plan, spec.onto, spec.head)?;
    let left = begin_merge(Some(&alone), &path, spec.incoming, spec.message, true)?;
    Ok(OpenConflict {
        path,
        unmerged: left.unmerged,
        reused: left.reused,
        again: false,
        backups,
        warnings: ready.warnings,
    })
}

/// Checks out a commit in the worktree and makes it clean, whatever its content. Backs up everything that would be
/// lost.
fn put_on(
    admin: &WorktreeAdmin,
    alone: &KeyLock,
    plan: &PlanName,
    path: &Path,
    commit: &CommitId,
) -> Result<Vec<Backup>, ConflictError> {
    let (stamp, owner) = (stamp(), plan.as_str());
    let state = inspect(path)?;
    let mut backups = Vec::new();
    if state.branch.is_none() && contained(&admin.repo, &state.head, commit)?.is_none() {
        let own = resolution_refs(plan);
        let own = own.each_ref().map(String::as_str);
        let spared = spare_commit(&admin.repo, owner, &state.head, &own, &stamp)?;
        backups.extend(spared.into_backup());
    }
    let in_the_way = covered(path, &state.head, commit)?;
    let spared = spare_tree(&admin.repo, owner, path, &state, &in_the_way, &stamp)?;
    backups.extend(spared.backup().cloned());
    if state.head != *commit || state.branch.is_some() || !state.is_clean() {
        let answer = spared.check_out(alone, HeadGoal::Detached(commit))?;
        if crate::git::state::inspect::head_of(path)? != *commit {
            return Err(answer.failure().into());
        }
        spared.wipe(alone)?;
    }
    Ok(backups)
}

/// Accepts the content of the worktree as the resolution of the plan's conflict. Commits like [`commit_conflict`]; from
/// now on the commit stands in for the plan's branch. Git records the resolution only after the landing, so that a
/// resolution that is abandoned before does not come back on its own.
///
/// # Errors
///
/// The errors of [`commit_conflict`].
pub fn settle_conflict(
    admin: &WorktreeAdmin,
    plan: &PlanName,
    message: &str,
) -> Result<CommitId, ConflictError> {
    let commit = commit_conflict(admin, plan, message)?;
    note_resolution(&admin.repo, plan, &commit)?;
    Ok(commit)
}

/// Makes a commit of the worktree stand in for the plan's branch from now on, and has git record how each file was
/// resolved.
///
/// # Errors
///
/// When git fails.
pub fn keep_conflict(admin: &WorktreeAdmin, plan: &PlanName, commit: &CommitId) -> Result<(), ConflictError> {
    if let Some(path) = conflict_at(admin, plan)? {
        remember(&path)?;
    }
    Ok(note_resolution(&admin.repo, plan, commit)?)
}

/// Commits the content of the worktree, unless it is committed already. The commit has no further effect yet. Another
/// call returns the same commit.
///
/// # Errors
///
/// When files are unmerged, conflict markers are left, changes are not in the index, or the merge was abandoned there.
pub fn commit_conflict(
    admin: &WorktreeAdmin,
    plan: &PlanName,
    message: &str,
) -> Result<CommitId, ConflictError> {
    let not_open = || ConflictError::NotOpen { plan: plan.clone() };
    let key = conflict_key(plan);
    let record = admin.read_record(&key)?.ok_or_else(not_open)?;
    let (path, sides) = (record.path, sides(&admin.repo, plan)?.ok_or_else(not_open)?);
    if !path.is_dir() {
        return Err(not_open());
    }
    let alone = alone(admin, &key)?;
    stale_lock::clear_admin_dir(&git_dir(&path)?)?;
    if let Some(operation) = inspect(&path)?
        .in_progress
        .filter(|operation| *operation != InProgress::Merge)
    {
        return Err(ConflictError::InProgress { path, operation });
    }
    let now = standing(&path)?;
    if !now.unmerged.is_empty() {
        let places = marked_lines(&path, &now.unmerged);
        let files = now.unmerged;
        return Err(ConflictError::Unmerged { path, files, places });
    }
    if !now.unstaged.is_empty() {
        let files = now.unstaged;
        return Err(ConflictError::Unstaged { path, files });
    }
    let merging = merge_head(&path)?;
    let head = crate::git::state::inspect::head_of(&path)?;
    let holds = |commit: &CommitId| -> Result<bool, ConflictError> {
        let merged = match &merging {
            Some(merging) => admin.repo.is_ancestor(commit, merging)?,
            None => false,
        };
        Ok(merged || admin.repo.is_ancestor(commit, &head)?)
    };
    if !holds(&sides.0)? || !holds(&sides.1)? {
        return Err(ConflictError::GivenUp { path });
    }
    let committed = merging.is_none().then_some(&head);
    let places = markers(&path, [&sides.0, &sides.1], committed)?;
    if !places.is_empty() {
        return Err(ConflictError::Markers { path, places });
    }
    if merging.is_some() {
        // `--no-verify` as for every commit of orch's own: hooks that check work are for people and agents. Resolutions
        // are recorded once they are known to be good.
        committing_within(&path)?
            .config("rerere.enabled=false")
            .args([
                "commit",
                "--quiet",
                "--no-verify",
                "--cleanup=whitespace",
                "-m",
                message,
            ])
            .holding(alone.file())?
            .run()?;
    }
    Ok(crate::git::state::inspect::head_of(&path)?)
}

/// Removes the leftover files of checks from the worktree. Nothing was uncommitted in the worktree before the checks
/// ran.
///
/// # Errors
///
/// When git fails.
pub fn sweep_conflict(admin: &WorktreeAdmin, plan: &PlanName) -> Result<(), ConflictError> {
    let key = conflict_key(plan);
    let Some(path) = conflict_at(admin, plan)? else {
        return Ok(());
    };
    let alone = alone(admin, &key)?;
    admin.record_left(&key)?;
    let (state, left) = (inspect(&path)?, admin.read_left(&key));
    if let Some(spared) = left.and_then(|left| SparedTree::left_by_checks(&left, &path, &state)) {
        spared.wipe(&alone)?;
    }
    admin.remove_left(&key);
    Ok(())
}

/// The worktree in which a plan's conflict is checked out; `None` when there is no such worktree.
///
/// # Errors
///
/// When the worktree's record cannot be read.
pub fn conflict_at(admin: &WorktreeAdmin, plan: &PlanName) -> Result<Option<PathBuf>, ConflictError> {
    let record = admin.read_record(&conflict_key(plan))?;
    Ok(record
        .map(|record| settle(&record.path))
        .filter(|path| path.is_dir()))
}

/// Abandons the resolution of a plan's conflict, and removes the worktree. Uncommitted changes, and commits that
/// nothing else holds, go to backups. Returns the backups. Calls `before` with the folder just before its removal.
///
/// # Errors
///
/// When there is nothing to abandon, or the worktree holds something that cannot be backed up.
pub fn abandon_conflict(
    admin: &WorktreeAdmin,
    plan: &PlanName,
    before: &dyn Fn(&Path),
) -> Result<Vec<Backup>, ConflictError> {
    let not_open = || ConflictError::NotOpen { plan: plan.clone() };
    let key = conflict_key(plan);
    let (record, sides) = (admin.read_record(&key)?, sides(&admin.repo, plan)?);
    if record.is_none() && sides.is_none() {
        return Err(not_open());
    }
    let mut backups = Vec::new();
    if let Some(record) = record {
        // Once the worktree is on the target, its removal loses nothing.
        let onto = sides.map_or(record.base, |(onto, _)| onto);
        if record.path.is_dir() {
            let alone = alone(admin, &key)?;
            stale_lock::clear_admin_dir(&git_dir(&record.path)?)?;
            backups.extend(put_on(admin, &alone, plan, &record.path, &onto)?);
        }
        let removable = removable(admin, &key, &onto)?;
        before(removable.path());
        backups.extend(remove(admin, &admin.lock()?, &removable)?);
    }
    backups.extend(forget_resolution(&admin.repo, plan, None)?);
    Ok(backups)
}

/// Removes the worktree and the resolution of a plan that has landed. A worktree with uncommitted changes stays.
/// Returns the backups that were made. Calls `before` with the folder just before its removal.
///
/// # Errors
///
/// When the worktree holds something that is not on the target.
pub fn close_conflict(
    admin: &WorktreeAdmin,
    plan: &PlanName,
    target: &CommitId,
    before: &dyn Fn(&Path),
) -> Result<Vec<Backup>, ConflictError> {
    let key = conflict_key(plan);
    let mut backups = Vec::new();
    if admin.read_record(&key)?.is_some() {
        if let Some(path) = conflict_at(admin, plan)? {
            remember(&path)?;
        }
        let removable = removable(admin, &key, target)?;
        before(removable.path());
        backups.extend(remove(admin, &admin.lock()?, &removable)?);
    }
    backups.extend(forget_resolution(&admin.repo, plan, Some(target))?);
    Ok(backups)
}
