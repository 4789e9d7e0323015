//! Moving the target by compare-and-swap, and its checkouts with it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::beside::{DifferingFiles, index_equals, refuse_overlap};
use super::branch_rewrite::refuse_while_rewritten;
use super::follow::{rehearse, repair};
use super::plan::{CheckoutOutcome, FinishedLanding, LandingPlan, RepairedCheckout};
use crate::git::files::error::GitError;
use crate::git::files::git_process::{wait_for_readers, wait_while_changing};
use crate::git::files::reflog::entries;
use crate::git::lock::index_lock::IndexLock;
use crate::git::lock::land_refusal::LandRefusal;
use crate::git::lock::stale_lock;
use crate::git::program::again::again_if_killed;
use crate::git::program::command::Git;
use crate::git::repo::ids::branch_ref;
use crate::git::repo::repository::Repository;
use crate::git::repo::revision::is_branch_name;
use crate::git::state::checkout::{checkout_paths, checkouts_of};
use crate::plan::CommitId;

/// Refuses a target that is not a local branch and could not become one.
pub fn check_target(repo: &Repository, target: &str) -> Result<(), LandRefusal> {
    let refused = |what| {
        let target = target.to_owned();
        Err(LandRefusal::NotABranch { target, what })
    };
    if target.starts_with("refs/") {
        return refused("the full name of a ref");
    }
    if !is_branch_name(target) {
        return refused("no name for a branch");
    }
    if repo.branch_tip(target)?.is_some() {
        return Ok(());
    }
    for (folder, what) in [("refs/tags/", "a tag"), ("refs/remotes/", "a branch of a remote")] {
        if repo.ref_target(&format!("{folder}{target}"))?.is_some() {
            return refused(what);
        }
    }
    if repo.resolve(target).is_ok() {
        return refused("a commit");
    }
    Ok(())
}

/// Checks whether a branch can move from `old` to `new`, together with every checkout of the branch. `old` is `None`
/// for a branch that does not exist yet. Changes nothing.
pub fn plan_landing(
    repo: &Repository,
    branch: &str,
    old: Option<&CommitId>,
    new: &CommitId,
) -> Result<LandingPlan, LandRefusal> {
    planned(repo, branch, (old, new), false)
}

/// Like [`plan_landing`], but uncommitted changes in files that do not move are no obstacle, as with
/// `git merge --ff-only`.
pub fn plan_landing_beside(
    repo: &Repository,
    branch: &str,
    old: Option<&CommitId>,
    new: &CommitId,
) -> Result<LandingPlan, LandRefusal> {
    planned(repo, branch, (old, new), true)
}

fn planned(
    repo: &Repository,
    branch: &str,
    (old, new): (Option<&CommitId>, &CommitId),
    beside: bool,
) -> Result<LandingPlan, LandRefusal> {
    let plan = LandingPlan {
        branch: branch.to_owned(),
        old: old.cloned(),
        new: new.clone(),
        beside,
    };
    look_at_landing(repo, &plan, None, &lock_checkouts(repo, branch)?)?;
    Ok(plan)
}

/// The beginning of the message in the branch's reflog by which a landing is recognized.
const LANDS: &str = "orch: land ";

/// How long another git command may keep the index of a checkout that has to follow.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long another git command may keep the main checkout's index, when the main checkout shows another branch.
const PATIENCE_ELSEWHERE: Duration = Duration::from_millis(500);

/// Locks the index of every checkout of a branch, and the index of the main checkout, because somebody may switch the
/// main checkout to the branch. Git commands of people and editors hold such locks for a moment.
fn lock_checkouts(repo: &Repository, branch: &str) -> Result<Vec<IndexLock>, LandRefusal> {
    let main_is_quiet = !repo.is_bare() && wait_while_changing(repo.top());
    let main = main_is_quiet.then(|| IndexLock::take(repo.top(), PATIENCE_ELSEWHERE).ok());
    let mut locks: Vec<IndexLock> = main.flatten().into_iter().collect();
    for path in checkout_paths(repo, branch)? {
        if !locks.iter().any(|lock| lock.is_of(&path)) {
            locks.push(IndexLock::take(&path, PATIENCE)?);
        }
    }
    Ok(locks)
}

fn look_at_landing(
    repo: &Repository,
    plan: &LandingPlan,
    held: Option<&File>,
    locks: &[IndexLock],
) -> Result<(), LandRefusal> {
    let LandingPlan { branch, old, new, .. } = plan;
    check_target(repo, branch)?;
    let found = repo.branch_tip(branch)?;
    if found != *old {
        return Err(LandRefusal::Moved {
            branch: branch.to_owned(),
            expected: old.clone(),
            found,
        });
    }
    if let Some(old) = old {
        if !repo.is_ancestor(old, new)? {
            return Err(LandRefusal::NotAFastForward {
                branch: branch.to_owned(),
                new: new.clone(),
            });
        }
        refuse_while_rewritten(repo, branch)?;
        for checkout in checkouts_of(repo, branch)? {
            if plan.beside {
                refuse_overlap(repo, &checkout.path, &checkout.dirty, old, new)?;
            } else if !checkout.dirty.is_empty() {
                return Err(LandRefusal::Dirty {
                    path: checkout.path,
                    files: checkout.dirty,
                });
            }
            // A checkout that is just being made has no lock here. It shows the old commit, and is updated when it is
            // found.
            if let Some(lock) = locks.iter().find(|lock| lock.is_of(&checkout.path)) {
                rehearse(repo, (old, new), held, lock, checkout.spotless)?;
            }
        }
    }
    Ok(())
}

/// Checks again, moves the branch by compare-and-swap, reads the branch back, and updates its checkouts. After an error
/// that is not a refusal the branch may have moved; [`finish_landing_holding`] finds out.
pub fn land(repo: &Repository, plan: &LandingPlan) -> Result<FinishedLanding, LandRefusal> {
    land_holding(repo, plan, None)
}

/// Like [`land`]. The git commands that change something hold the lock `held`, so that the lock outlives a killed orch.
pub fn land_holding(
    repo: &Repository,
    plan: &LandingPlan,
    held: Option<&File>,
) -> Result<FinishedLanding, LandRefusal> {
    LockedLanding::lock(repo, plan, held)?.land(held)
}

/// A landing that was found to be possible. The indexes of all checkouts that have to follow are locked until it is carried out
/// or dropped.
pub struct LockedLanding<'r> {
    repo: &'r Repository,
    plan: LandingPlan,
    locks: Vec<IndexLock>,
}

impl<'r> LockedLanding<'r> {
    /// Locks the checkouts, and checks whether the branch can move together with them. Changes nothing. `held` is as for
    /// [`land_holding`].
    ///
    /// # Errors
    ///
    /// The obstacle, or the reason why the check failed.
    pub fn lock(repo: &'r Repository, plan: &LandingPlan, held: Option<&File>) -> Result<Self, LandRefusal> {
        let locks = lock_checkouts(repo, &plan.branch)?;
        look_at_landing(repo, plan, held, &locks)?;
        let plan = plan.clone();
        Ok(Self { repo, plan, locks })
    }

    /// Moves the branch by compare-and-swap, and updates its checkouts. Errors are as for [`land`].
    ///
    /// # Errors
    ///
    /// The obstacle, or the reason why the branch or its checkouts could not be moved.
    pub fn land(self, held: Option<&File>) -> Result<FinishedLanding, LandRefusal> {
        move_branch(self.repo, &self.plan, held, self.locks)
    }
}

fn move_branch(
    repo: &Repository,
    plan: &LandingPlan,
    held: Option<&File>,
    mut locks: Vec<IndexLock>,
) -> Result<FinishedLanding, LandRefusal> {
    let LandingPlan { branch, old, new, .. } = plan;
    // The lock of a killed git command would block every landing from now on. A lock that is still held is named in
    // git's error. A branch that HEAD is on moves under HEAD's lock too.
    let clear = || {
        for name in [branch_ref(branch).as_str(), "HEAD"] {
            let _ = stale_lock::clear_beside(&repo.common_dir().join(name));
        }
    };
    clear();
    let nothing = "0".repeat(new.as_str().len());
    let answer = Git::on(repo.common_dir())
        .args(["update-ref", "-m"])
        .arg(format!("{LANDS}{}", new.short()))
        .arg(branch_ref(branch))
        .arg(new.as_str())
        .arg(old.as_ref().map_or(nothing.as_str(), CommitId::as_str))
        .holding_any(held)?
        .answer()?;
    if answer.status.code().is_none() {
        clear();
    }
    let found = repo.branch_tip(branch)?;
    if !answer.status.success() || found.as_ref() != Some(new) {
        if found == *old {
            return Err(answer.failure().into());
        }
        return Err(LandRefusal::Moved {
            branch: branch.clone(),
            expected: old.clone(),
            found,
        });
    }
    let mut checkouts = repair_checkouts(repo, plan, held, &mut locks);
    // A git command in the main checkout, on another branch, may be switching to the old commit of this branch.
    if !repo.is_bare() && !locks.iter().any(|lock| lock.is_of(repo.top())) && wait_for_readers(repo.top()) {
        checkouts = repair_checkouts(repo, plan, held, &mut locks);
    }
    IndexLock::release_all(locks);
    Ok(FinishedLanding {
        commit: new.clone(),
        checkouts: checkouts?,
    })
}

/// Completes a landing that may have been interrupted. Returns `None` when the branch never moved; the landing can then
/// be planned again. Otherwise updates the branch's checkouts. Another call changes nothing. `held` is as for
/// [`land_holding`].
pub fn finish_landing_holding(
    repo: &Repository,
    plan: &LandingPlan,
    held: Option<&File>,
) -> Result<Option<FinishedLanding>, GitError> {
    let Some(tip) = repo.branch_tip(&plan.branch)? else {
        return Ok(None);
    };
    if !repo.is_ancestor(&plan.new, &tip)? {
        return Ok(None);
    }
    // A person who moved the branch from within a checkout has updated that checkout.
    let (gone_on, plan) = (
        tip != plan.new,
        LandingPlan {
            new: tip.clone(),
            ..plan.clone()
        },
    );
    let mut locks = Vec::new();
    let checkouts = repair_checkouts(repo, &plan, held, &mut locks);
    IndexLock::release_all(locks);
    let mut checkouts = checkouts?;
    if gone_on {
        checkouts.retain(|checkout| checkout.outcome == CheckoutOutcome::FastForwarded);
    }
    Ok(Some(FinishedLanding {
        commit: tip,
        checkouts,
    }))
}

/// The last landing on a branch, when a checkout of the branch shows that it was interrupted. For use when nothing else
/// records the landing.
///
/// # Errors
///
/// When git's admin dirs of worktrees cannot be read.
pub fn cut_short(repo: &Repository, branch: &str) -> Result<Option<LandingPlan>, GitError> {
    if !checkout_paths(repo, branch)?
        .iter()
        .any(|path| IndexLock::is_left(path))
    {
        return Ok(None);
    }
    let log = repo.common_dir().join("logs").join(branch_ref(branch));
    let last = entries(&std::fs::read(log).unwrap_or_default()).pop();
    let last = last.filter(|last| last.what.starts_with(LANDS));
    let moved = last.and_then(|last| Some((last.old?, last.new?)));
    Ok(moved.map(|(old, new)| LandingPlan {
        branch: branch.to_owned(),
        old: Some(old),
        new,
        beside: true,
    }))
}

/// True when every checkout of a branch has the index of the branch's tip.
///
/// # Errors
///
/// When git fails.
pub fn all_follow(repo: &Repository, branch: &str) -> Result<bool, GitError> {
    let Some(tip) = repo.branch_tip(branch)? else {
        return Ok(true);
    };
    for path in checkout_paths(repo, branch)? {
        if !index_equals(repo, &path, &tip)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The checkouts that still show the old commit of a branch after this move. Changes nothing.
///
/// # Errors
///
/// When git fails.
pub fn behind(repo: &Repository, plan: &LandingPlan) -> Result<Vec<PathBuf>, GitError> {
    let (Some(old), Some(tip)) = (&plan.old, repo.branch_tip(&plan.branch)?) else {
        return Ok(Vec::new());
    };
    if !repo.is_ancestor(&plan.new, &tip)? {
        return Ok(Vec::new());
    }
    let mut behind = Vec::new();
    for path in checkout_paths(repo, &plan.branch)? {
        let moved = DifferingFiles::between(repo, old, &tip)?;
        if !moved.is_shown(repo, &path, &tip)?
            && (moved.is_shown(repo, &path, old)? || !index_equals(repo, &path, &tip)?)
        {
            behind.push(path);
        }
    }
    Ok(behind)
}

/// Updates the checkouts. An obstacle in one checkout is reported and does not stop the others, because the branch has
/// already moved. `locks` holds the locks taken so far; more are added.
fn repair_checkouts(
    repo: &Repository,
    plan: &LandingPlan,
    held: Option<&File>,
    locks: &mut Vec<IndexLock>,
) -> Result<Vec<RepairedCheckout>, GitError> {
    let mut repaired = |path: PathBuf| {
        let left = |outcome: &CheckoutOutcome| !matches!(outcome, CheckoutOutcome::Left(_));
        let outcome = again_if_killed(left, || {
            follow(repo, plan, held, &path, locks)
                .unwrap_or_else(|hindered| CheckoutOutcome::Left(hindered.to_string()))
        });
        RepairedCheckout { path, outcome }
    };
    let paths = checkout_paths(repo, &plan.branch)?;
    Ok(paths.into_iter().map(&mut repaired).collect())
}

fn follow(
    repo: &Repository,
    plan: &LandingPlan,
    held: Option<&File>,
    path: &Path,
    locks: &mut Vec<IndexLock>,
) -> Result<CheckoutOutcome, LandRefusal> {
    let at = match locks.iter().position(|lock| lock.is_of(path)) {
        Some(at) => at,
        None => {
            locks.push(IndexLock::take(path, PATIENCE)?);
            locks.len() - 1
        }
    };
    // Somebody may have switched the checkout to another branch before it was locked.
    if !checkout_paths(repo, &plan.branch)?
        .iter()
        .any(|other| other == path)
    {
        return Ok(CheckoutOutcome::Current);
    }
    Ok(repair(repo, plan, held, &locks[at])?)
}
