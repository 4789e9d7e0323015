//! The commit queue of a plan: merging units into the plan's branch, one at a time.

use crate::git::admin::worktree_admin::{KeyLock, WorktreeAdmin};
use crate::git::candidate::builder::{BuildOutcome, CandidateBuilder};
use crate::git::files::error::GitError;
use crate::git::keep::backup::Backup;
use crate::git::keep::gate::{drop_own_ref, spare_tree};
use crate::git::landing::land::{finish_landing_holding, land_holding};
use crate::git::landing::plan::{CheckoutOutcome, LandingPlan};
use crate::git::lock::own_ref::write_ref;
use crate::git::lock::stale_lock;
use crate::git::merging::ConflictFile;
use crate::git::refs::unit::{UnitBranch, unit_tips};
use crate::git::refs::unit_error::{UnitError, UnitRefusal};
use crate::git::repo::ids::branch_ref;
use crate::git::repo::repository::Repository;
use crate::git::state::checkout::checkout_paths;
use crate::git::state::inspect::{git_dir, inspect};
use crate::git::worktree::ensure::alone;
use crate::plan::CommitId;

/// The result of merging a unit into its plan's branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Integrated {
    /// The plan's branch had no commits beyond the unit's branch, and was fast-forwarded to this commit.
    FastForward(CommitId),
    /// The unit's branch was merged in this commit. The first parent is the plan's branch, the second the unit's.
    Merged(CommitId),
    /// The plan's branch, at this commit, already contains the unit's branch.
    AlreadyIn(CommitId),
    /// The two branches conflict. Nothing has moved.
    Conflict {
        /// The files, sorted by path, each once.
        files: Vec<ConflictFile>,
    },
}

/// The commit queue's answer about a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitIntegration {
    /// The result.
    pub outcome: Integrated,
    /// The backups that were made to complete an earlier, interrupted move.
    pub backups: Vec<Backup>,
}

/// The message of a merge commit.
#[derive(Debug, Clone, Copy)]
pub struct MergeMessage<'a> {
    /// Subject and body.
    pub text: &'a str,
    /// `Name: value` lines for the end of the message.
    pub trailers: &'a [(&'a str, &'a str)],
}

impl std::fmt::Display for MergeMessage<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.text.trim_end())?;
        for (nth, (name, value)) in self.trailers.iter().enumerate() {
            let gap = if nth == 0 { "\n" } else { "" };
            writeln!(f, "{gap}{name}: {value}")?;
        }
        Ok(())
    }
}

/// Merges a unit's branch into its plan's branch: by a fast-forward when possible, otherwise by a merge commit that is
/// built outside every checkout. The plan's branch moves by compare-and-swap, and its checkouts follow.
///
/// No agent may work in the plan's own worktree while the plan's branch is checked out there. Any later step with a
/// unit of the plan completes an interrupted step. Files of the interrupted move that are in the way in the plan's own
/// worktree then go to a backup that `stamp` names. `known` is the last known tip of the unit's branch: a missing
/// branch is no error when the plan's branch contains that commit. The caller ensures that no other step with a unit of
/// this plan runs at the same time.
///
/// # Errors
///
/// Refuses, with nothing moved, when a checkout of the plan's branch has uncommitted changes or files in the way.
pub fn integrate(
    admin: &WorktreeAdmin,
    builder: &CandidateBuilder,
    unit: &UnitBranch,
    message: MergeMessage<'_>,
    stamp: &str,
    known: Option<&CommitId>,
) -> Result<UnitIntegration, UnitError> {
    // Git commands hold this lock too. So once orch has the lock, the commands of a killed orch have ended.
    let alone = alone(admin, unit.plan.as_str())?;
    let backups = end_move(admin, &alone, unit, stamp)?;
    let (old, tip) = unit_tips(&admin.repo, unit)?;
    if let (None, Some(known)) = (&tip, known)
        && admin.repo.is_ancestor(known, &old)?
    {
        let outcome = Integrated::AlreadyIn(old);
        return Ok(UnitIntegration { outcome, backups });
    }
    let Some(tip) = tip else {
        let branch = unit.branch.clone();
        return Err(UnitRefusal::NoBranch { branch }.into());
    };
    let outcome = if admin.repo.is_ancestor(&tip, &old)? {
        Integrated::AlreadyIn(old)
    } else if admin.repo.is_ancestor(&old, &tip)? {
        Integrated::FastForward(advance(admin, &alone, unit, &old, &tip)?)
    } else {
        match builder.build(&old, &tip, &message.to_string())? {
            BuildOutcome::Candidate(candidate) => {
                Integrated::Merged(advance(admin, &alone, unit, &old, &candidate.commit)?)
            }
            BuildOutcome::AlreadyContained => Integrated::AlreadyIn(old),
            BuildOutcome::Conflict { files } => Integrated::Conflict { files },
        }
    };
    Ok(UnitIntegration { outcome, backups })
}

/// Completes an interrupted move of the plan's branch. Returns the backups made for that. Call this before a step
/// inspects the plan's own worktree: otherwise leftovers of the move would look like somebody's changes.
///
/// # Errors
///
/// When a checkout of the branch other than the plan's own worktree cannot be updated.
pub fn finish_move(admin: &WorktreeAdmin, unit: &UnitBranch, stamp: &str) -> Result<Vec<Backup>, UnitError> {
    if noted_move(&admin.repo, unit)?.is_none() {
        return Ok(Vec::new());
    }
    let alone = alone(admin, unit.plan.as_str())?;
    end_move(admin, &alone, unit, stamp)
}

/// Moves the plan's branch. The old tip is recorded first: without the record, a checkout that was not updated could
/// not be told from a checkout with changes.
fn advance(
    admin: &WorktreeAdmin,
    alone: &KeyLock,
    unit: &UnitBranch,
    old: &CommitId,
    new: &CommitId,
) -> Result<CommitId, UnitError> {
    let plan = LandingPlan {
        branch: unit.plan_branch.clone(),
        old: Some(old.clone()),
        new: new.clone(),
        beside: false,
    };
    note_move(
        &
    // A refusal here leaves no record.
    admin.repo,
        unit,
        old,
    )?;
    let landed = match land_holding(&admin.repo, &plan, Some(alone.file())) {
        Ok(landed) => landed,
        Err(refusal) => {
            if admin.repo.branch_tip(&unit.plan_branch)?.as_ref() == Some(old) {
                forget_move(&admin.repo, unit, Some(old))?;
            }
            return Err(refusal.into());
        }
    };
    for checkout in landed.checkouts {
        if let CheckoutOutcome::Left(why) = checkout.outcome {
            return Err(UnitError::LeftBehind {
                branch: unit.plan_branch.clone(),
                path: checkout.path,
                why,
            });
        }
    }
    forget_move(&admin.repo, unit, Some(new))?;
    Ok(landed.commit)
}

/// Completes a move that was interrupted after the branch had moved, so that every checkout shows the branch's tip.
fn end_move(
    admin: &WorktreeAdmin,
    alone: &KeyLock,
    unit: &UnitBranch,
    stamp: &str,
) -> Result<Vec<Backup>, UnitError> {
    let branch = &unit.plan_branch;
    let mut backups = Vec::new();
    let Some(old) = noted_move(&admin.repo, unit)? else {
        return Ok(backups);
    };
    stale_lock::clear_beside(&admin.repo.common_dir().join(branch_ref(branch)))?;
    for path in checkout_paths(&admin.repo, branch)? {
        stale_lock::clear_beside(&git_dir(&path)?.join("index"))?;
    }
    let tip = admin.repo.branch_tip(branch)?;
    let holder = tip.clone();
    if let Some(tip) = tip.filter(|tip| *tip != old) {
        let plan = LandingPlan {
            branch: branch.clone(),
            old: Some(old),
            new: tip,
            beside: false,
        };
        let own = admin.read_record(unit.plan.as_str())?.map(|record| record.path);
        let ended = finish_landing_holding(&admin.repo, &plan, Some(alone.file()))?;
        for checkout in ended.into_iter().flat_map(|landed| landed.checkouts) {
            let CheckoutOutcome::Left(why) = checkout.outcome else {
                continue;
            };
            if own.as_ref() != Some(&checkout.path) {
                return Err(UnitError::LeftBehind {
                    branch: branch.clone(),
                    path: checkout.path,
                    why,
                });
            }
            // A killed git command has written some of the files.
            let state = inspect(&checkout.path)?;
            let spared = spare_tree(
                &admin.repo,
                unit.plan.as_str(),
                &checkout.path,
                &state,
                &[],
                stamp,
            )?;
            backups.extend(spared.backup().cloned());
            spared.wipe(alone)?;
        }
    }
    forget_move(&admin.repo, unit, holder.as_ref())?;
    Ok(backups)
}

fn note_move(repo: &Repository, unit: &UnitBranch, old: &CommitId) -> Result<(), GitError> {
    write_ref(repo, &moving(unit), old, "orch: move")
}

fn noted_move(repo: &Repository, unit: &UnitBranch) -> Result<Option<CommitId>, GitError> {
    repo.ref_target(&moving(unit))
}

/// `tip` is the tip of the plan's branch; `None` when the branch is gone.
fn forget_move(repo: &Repository, unit: &UnitBranch, tip: Option<&CommitId>) -> Result<(), GitError> {
    drop_own_ref(repo, &moving(unit), unit.plan.as_str(), tip).map(drop)
}

/// The ref that records the tip of the plan's branch before the move that is under way.
fn moving(unit: &UnitBranch) -> String {
    format!("refs/orch/moving/{}", unit.plan)
}
