//! Removing worktrees and branches that are no longer needed, and nothing else.

use std::path::{Path, PathBuf};

use super::keep_reason::{KeepReason, RemoveError};
use crate::git::admin::spec::owner_of;
use crate::git::admin::worktree_admin::{AdminLock, WorktreeAdmin};
use crate::git::admin::worktree_record::WorktreeRecord;
use crate::git::candidate::evidence::landed_by;
use crate::git::files::error::GitError;
use crate::git::files::registration::{registration_at, registrations};
use crate::git::files::regular;
use crate::git::keep::backup::{Backup, stamp};
use crate::git::keep::gate::{SparedTree, contained, delete_branch, drop_spoiled, spare_commit};
use crate::git::refs::made_ref::release_made;
use crate::git::refs::unit::{delete_judged_unit, is_unit};
use crate::git::repo::ids::branch_ref;
use crate::git::state::checkout::checkout_paths;
use crate::git::state::hidden::{hidden_changes, own_refs_beyond};
use crate::git::state::ignored::{Ignored, ignored};
use crate::git::state::inspect::inspect;
use crate::git::step::submodule::submodules_hold_work;
use crate::plan::{CommitId, LandedBy};

/// The proof that a worktree and its branch hold nothing that would be lost. Only [`removable`] makes this proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removable {
    key: String,
    path: PathBuf,
    branch: Option<String>,
    tip: Option<CommitId>,
    /// The branch of a unit that is checked out instead, and its tip.
    unit: Option<(String, CommitId)>,
    /// True for a worktree with submodules. Git refuses to remove any such worktree, so orch has checked the
    /// submodules.
    submodules: bool,
    ignored: Vec<Ignored>,
    landed: Option<LandedBy>,
    target: CommitId,
    /// The commit of a lane without a branch.
    loose: Option<CommitId>,
}

impl Removable {
    /// The worktree's folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The worktree's own branch, which will be deleted; `None` for a worktree without a branch.
    pub fn branch(&self) -> Option<&str> {
        self.branch.as_deref()
    }

    /// Ignored files in the worktree, which will be removed with it.
    pub fn ignored(&self) -> &[Ignored] {
        &self.ignored
    }

    /// The evidence that the target contains the branch; `None` without a branch.
    pub fn landed(&self) -> Option<&LandedBy> {
        self.landed.as_ref()
    }
}

/// The target's tip, and the record of the landing, if any.
type LandingOnTarget<'a> = (&'a CommitId, Option<&'a RecordedLanding>);

/// The record of a landing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedLanding {
    /// The tip of the plan's branch.
    pub head: CommitId,
    /// The commit on the target with which it landed.
    pub commit: CommitId,
}

/// Checks whether the worktree and branch under a key can be removed: orch made them, nothing is uncommitted or
/// untracked, and `target` contains all commits, be they merged, squashed or rebased ([`LandedBy`]). Returns all
/// reasons against at once.
pub fn removable(admin: &WorktreeAdmin, key: &str, target: &CommitId) -> Result<Removable, RemoveError> {
    removable_once_landed(admin, key, target, None)
}

/// Like [`removable`], for a plan with a recorded landing. After a conflict was resolved during the landing, only the
/// record shows that the branch is on the target.
pub fn removable_once_landed(
    admin: &WorktreeAdmin,
    key: &str,
    target: &CommitId,
    recorded: Option<&RecordedLanding>,
) -> Result<Removable, RemoveError> {
    let Some(record) = admin.read_record(key)? else {
        let key = key.to_owned();
        return Err(RemoveError::Keep(vec![KeepReason::NotOurs { key }]));
    };
    let mut reasons = Vec::new();
    let tip = match &record.branch {
        Some(branch) => admin.repo.branch_tip(branch)?,
        None => None,
    };
    let mut landed = None;
    if let (Some(branch), Some(tip)) = (&record.branch, &tip) {
        landed = judge_branch(admin, &record, branch, tip, (target, recorded), &mut reasons)?;
    }
    let unit = judge_unit(admin, &record, (target, recorded), &mut reasons)?;
    let submodules = judge_worktree(admin, &record, unit.as_ref(), (target, recorded), &mut reasons)?;
    let ignored = match record.path.is_dir() {
        true => ignored(&record.path)?,
        false => Vec::new(),
    };
    let repositories: Vec<PathBuf> = ignored
        .iter()
        .flat_map(|found| found.repositories.clone())
        .collect();
    if !repositories.is_empty() {
        let path = record.path.clone();
        reasons.push(KeepReason::IgnoredRepositories { path, repositories });
    }
    if !reasons.is_empty() {
        return Err(RemoveError::Keep(reasons));
    }
    Ok(Removable {
        loose: match record.lane && unit.is_none() && record.path.is_dir() {
            true => Some(inspect(&record.path)?.head),
            false => None,
        },
        ignored,
        landed,
        target: target.clone(),
        key: key.to_owned(),
        path: record.path,
        branch: record.branch,
        tip,
        unit,
        submodules,
    })
}

/// The evidence that a target contains a branch: in the target itself, or in the record of a landing with other
/// commits.
fn landing_of(
    admin: &WorktreeAdmin,
    tip: &CommitId,
    (target, recorded): LandingOnTarget<'_>,
) -> Result<Option<LandedBy>, GitError> {
    if let Some(landed) = landed_by(&admin.repo, tip, target)? {
        return Ok(Some(landed));
    }
    let Some(RecordedLanding { head, commit }) = recorded else {
        return Ok(None);
    };
    // Missing commits prove nothing.
    let is_in = |one: &CommitId, other: &CommitId| admin.repo.is_ancestor(one, other).unwrap_or(false);
    Ok(
        (is_in(tip, head) && is_in(commit, target)).then(|| LandedBy::Recorded {
            commit: commit.clone(),
        }),
    )
}

/// The unit whose branch a lane was left on. The target has to contain this branch like the worktree's own branch.
fn judge_unit(
    admin: &WorktreeAdmin,
    record: &WorktreeRecord,
    landing: LandingOnTarget<'_>,
    reasons: &mut Vec<KeepReason>,
) -> Result<Option<(String, CommitId)>, GitError> {
    let on = registration_at(admin.repo.common_dir(), &record.path)?.and_then(|known| known.head().flatten());
    let Some(branch) = on.filter(|on| record.branch.as_ref() != Some(on)) else {
        return Ok(None);
    };
    if !is_unit(&admin.repo, &branch)? {
        return Ok(None);
    }
    let Some(tip) = admin.repo.branch_tip(&branch)? else {
        return Ok(None);
    };
    judge_branch(admin, record, &branch, &tip, landing, reasons)?;
    Ok(Some((branch, tip)))
}

fn judge_branch(
    admin: &WorktreeAdmin,
    record: &WorktreeRecord,
    branch: &str,
    tip: &CommitId,
    landing: LandingOnTarget<'_>,
    reasons: &mut Vec<KeepReason>,
) -> Result<Option<LandedBy>, GitError> {
    let branch = branch.to_owned();
    let elsewhere = checkout_paths(&admin.repo, &branch)?
        .into_iter()
        .find(|path| *path != record.path);
    if let Some(path) = elsewhere {
        let branch = branch.clone();
        reasons.push(KeepReason::CheckedOutElsewhere { branch, path });
    }
    let landed = landing_of(admin, tip, landing)?;
    if landed.is_none() {
        let tip = tip.clone();
        reasons.push(KeepReason::NotLanded { branch, tip });
    }
    Ok(landed)
}

/// Judges the files. Returns true when there are submodules.
fn judge_worktree(
    admin: &WorktreeAdmin,
    record: &WorktreeRecord,
    unit: Option<&(String, CommitId)>,
    landing: LandingOnTarget<'_>,
    reasons: &mut Vec<KeepReason>,
) -> Result<bool, GitError> {
    let (target, _) = landing;
    let path = record.path.clone();
    let known = registrations(admin.repo.common_dir())?
        .into_iter()
        .find(|known| known.path == path);
    if let Some(reason) = known.and_then(|known| regular::read_to_string(&known.admin.join("locked")).ok()) {
        let reason = reason.trim().to_owned();
        reasons.push(KeepReason::Locked {
            path: path.clone(),
            reason,
        });
    }
    if !path.exists() {
        return Ok(false);
    }
    let state = inspect(&path)?;
    if !state.dirty.is_empty() {
        let files = state.dirty;
        reasons.push(KeepReason::Dirty {
            path: path.clone(),
            files,
        });
    }
    let files = hidden_changes(&path)?;
    if !files.is_empty() {
        let path = path.clone();
        reasons.push(KeepReason::Hidden { path, files });
    }
    for (branch, tip) in own_refs_beyond(&admin.repo, &path, target)? {
        reasons.push(KeepReason::NotLanded { branch, tip });
    }
    if let Some(operation) = state.in_progress {
        reasons.push(KeepReason::InProgress {
            path: path.clone(),
            operation,
        });
    }
    let on_unit = unit.is_some_and(|(branch, _)| state.branch.as_ref() == Some(branch));
    match &record.branch {
        _ if on_unit => {}
        Some(expected) if state.branch.as_ref() != Some(expected) => reasons.push(KeepReason::OtherHead {
            path: path.clone(),
            expected: expected.clone(),
            found: state.branch,
        }),
        // A rejected candidate is nobody's work, but commits that somebody made in its worktree are.
        None if state.branch.is_some() => reasons.push(KeepReason::NotLanded {
            branch: state.branch.unwrap_or_default(),
            tip: target.clone(),
        }),
        // In a lane, the detached HEAD may have somebody's commits: orch itself leaves a lane on a commit of the plan.
        None if record.lane && landing_of(admin, &state.head, landing)?.is_none() => {
            reasons.push(KeepReason::NotLanded {
                branch: state.head.to_string(),
                tip: state.head,
            });
        }
        _ => {}
    }
    if !path.join(".gitmodules").exists() {
        return Ok(false);
    }
    if submodules_hold_work(&path)? {
        reasons.push(KeepReason::Submodule { path });
    }
    Ok(true)
}

/// Removes the worktree, then its branches by compare-and-swap, then the record. Never forces: a change since the proof
/// was given makes the removal fail. The next removal completes an interrupted one. Commits that are on the target only
/// by their content go to backups, which are returned.
pub fn remove(
    admin: &WorktreeAdmin,
    lock: &AdminLock<'_>,
    removable: &Removable,
) -> Result<Vec<Backup>, RemoveError> {
    let common = admin.repo.common_dir();
    let mut backups = Vec::new();
    let spare = |branch: &str, tip: &CommitId| {
        let contained = contained(&admin.repo, tip, &removable.target)?;
        contained.map_or_else(
            || {
                spare_commit(
                    &admin.repo,
                    owner_of(&removable.key),
                    tip,
                    &[&branch_ref(branch)],
                    &stamp(),
                )
            },
            Ok,
        )
    };
    let known = registrations(common)?
        .into_iter()
        .any(|known| known.path == removable.path);
    if known {
        // The worktree is judged again at the last moment. Git refuses to remove any worktree with submodules; the removal
        // of judged submodules gets round that.
        let path = &removable.path;
        let spared = match path.exists() {
            true => SparedTree::clean(path, &inspect(path)?),
            false => SparedTree::empty(path),
        };
        let Some(spared) = spared else {
            let (path, files) = (path.clone(), inspect(path)?.dirty);
            return Err(RemoveError::Keep(vec![KeepReason::Dirty { path, files }]));
        };
        if removable.submodules && submodules_hold_work(path)? {
            let path = path.clone();
            return Err(RemoveError::Keep(vec![KeepReason::Submodule { path }]));
        }
        spared.remove_worktree(lock, common, removable.submodules)?;
    }
    if let Some(head) = &removable.loose
        && contained(&admin.repo, head, &removable.target)?.is_none()
    {
        let spared = spare_commit(&admin.repo, owner_of(&removable.key), head, &[], &stamp())?;
        backups.extend(spared.into_backup());
    }
    if let Some((branch, tip)) = &removable.unit {
        let spared = spare(branch, tip)?;
        delete_judged_unit(&admin.repo, branch, &spared)?;
        backups.extend(spared.into_backup());
    }
    if let (Some(branch), Some(tip)) = (&removable.branch, &removable.tip) {
        if let Some(path) = checkout_paths(&admin.repo, branch)?.into_iter().next() {
            let branch = branch.clone();
            return Err(RemoveError::Keep(vec![KeepReason::CheckedOutElsewhere {
                branch,
                path,
            }]));
        }
        let spared = spare(branch, tip)?;
        if admin.repo.branch_tip(branch)?.is_some() {
            delete_branch(&admin.repo, branch, &spared)?;
        }
        backups.extend(spared.into_backup());
        release_made(&admin.repo, owner_of(&removable.key), Some(tip))?;
    }
    admin.remove_left(&removable.key);
    drop_spoiled(admin, &removable.key);
    admin.remove_record(&removable.key)?;
    Ok(backups)
}
