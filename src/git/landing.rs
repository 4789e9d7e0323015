//! Moving the target: compare-and-swap, and the checkouts of it along with it.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::again::again_if_killed;
use super::beside::{Moved, refuse_overlap};
use super::command::Git;
use super::half_way::undo_half;
use super::in_the_way::in_the_way;
use super::index_lock::IndexLock;
use super::land_refusal::LandRefusal;
use super::revision::branch_ref;
use super::{GitError, Repository, is_branch_name, stale_lock};
use crate::plan::CommitId;

/// A move of a branch that was found possible. To be journaled before it is carried out, so that a landing that was
/// cut short can be ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LandingPlan {
    /// The branch, without `refs/heads/`.
    pub branch: String,
    /// Where it stands; none when it does not exist yet.
    pub old: Option<CommitId>,
    /// Where it shall stand.
    pub new: CommitId,
    /// True when a checkout may have uncommitted changes in files that do not move: they stay as they are.
    #[serde(default)]
    pub beside: bool,
}

/// A landing that took place: the branch was read again and stands at `commit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    /// Where the branch stands now.
    pub commit: CommitId,
    /// The checkouts of the branch, and whether each was brought along.
    pub checkouts: Vec<MendedCheckout>,
}

/// A checkout of a branch that has moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MendedCheckout {
    /// Its folder.
    pub path: PathBuf,
    /// What became of it.
    pub outcome: CheckoutOutcome,
}

/// Whether a checkout shows the commit that its branch stands at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckoutOutcome {
    /// It was brought along.
    FastForwarded,
    /// It shows it already.
    Current,
    /// It was changed by somebody in the same moment and left alone; the text says what hinders.
    Left(String),
}

impl Repository {
    /// Refuses a target that is not, and could not become, a local branch.
    pub fn check_target(&self, target: &str) -> Result<(), LandRefusal> {
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
        if self.branch_tip(target)?.is_some() {
            return Ok(());
        }
        for (folder, what) in [("refs/tags/", "a tag"), ("refs/remotes/", "a branch of a remote")] {
            if self.ref_target(&format!("{folder}{target}"))?.is_some() {
                return refused(what);
            }
        }
        if self.resolve(target).is_ok() {
            return refused("a commit");
        }
        Ok(())
    }

    /// Looks whether a branch can move from `old` (none: it does not exist yet) to `new`, with every checkout of it.
    /// Changes nothing.
    pub fn plan_landing(
        &self,
        branch: &str,
        old: Option<&CommitId>,
        new: &CommitId,
    ) -> Result<LandingPlan, LandRefusal> {
        let plan = LandingPlan {
            branch: branch.to_owned(),
            old: old.cloned(),
            new: new.clone(),
            beside: false,
        };
        self.look_at_landing(&plan, None, &self.lock_checkouts(branch)?)?;
        Ok(plan)
    }

    /// As [`Repository::plan_landing`], but what is uncommitted in files that do not move is no hindrance, as with
    /// `git merge --ff-only`.
    pub fn plan_landing_beside(
        &self,
        branch: &str,
        old: Option<&CommitId>,
        new: &CommitId,
    ) -> Result<LandingPlan, LandRefusal> {
        let plan = LandingPlan {
            branch: branch.to_owned(),
            old: old.cloned(),
            new: new.clone(),
            beside: true,
        };
        self.look_at_landing(&plan, None, &self.lock_checkouts(branch)?)?;
        Ok(plan)
    }

    /// Locks the index of every checkout of a branch. Git commands of people and editors have it for a moment at a time.
    fn lock_checkouts(&self, branch: &str) -> Result<Vec<IndexLock>, LandRefusal> {
        let paths = self.checkout_paths(branch)?;
        paths.iter().map(|path| IndexLock::take(path)).collect()
    }

    fn look_at_landing(
        &self,
        plan: &LandingPlan,
        held: Option<&File>,
        locks: &[IndexLock],
    ) -> Result<(), LandRefusal> {
        let LandingPlan { branch, old, new, .. } = plan;
        self.check_target(branch)?;
        let found = self.branch_tip(branch)?;
        if found != *old {
            return Err(LandRefusal::Moved {
                branch: branch.to_owned(),
                expected: old.clone(),
                found,
            });
        }
        if let Some(old) = old {
            if !self.is_ancestor(old, new)? {
                return Err(LandRefusal::NotAFastForward {
                    branch: branch.to_owned(),
                    new: new.clone(),
                });
            }
            self.refuse_while_rewritten(branch)?;
            for checkout in self.checkouts_of(branch)? {
                if plan.beside {
                    refuse_overlap(&checkout.path, &checkout.dirty, old, new)?;
                } else if !checkout.dirty.is_empty() {
                    return Err(LandRefusal::Dirty {
                        path: checkout.path,
                        files: checkout.dirty,
                    });
                }
                // One that was made in this moment shows the old commit, and is brought along as it is found then.
                if let Some(lock) = locks.iter().find(|lock| lock.is_of(&checkout.path)) {
                    rehearse(&checkout.path, old, new, held, lock)?;
                }
            }
        }
        Ok(())
    }

    /// Looks again, moves the branch by compare-and-swap, reads it back, and brings its checkouts along. After an
    /// error that is not a refusal the branch may have moved: [`Repository::finish_landing`] tells.
    pub fn land(&self, plan: &LandingPlan) -> Result<Landed, LandRefusal> {
        self.land_holding(plan, None)
    }

    /// As [`Repository::land`]; the git commands that change something hold the lock, so that it outlives a killed orch.
    pub fn land_holding(&self, plan: &LandingPlan, held: Option<&File>) -> Result<Landed, LandRefusal> {
        let LandingPlan { branch, old, new, .. } = plan;
        let locks = self.lock_checkouts(branch)?;
        self.look_at_landing(plan, held, &locks)?;
        // What a killed git left would refuse every landing from now on. One that is still held, git will name.
        // A branch that HEAD stands on is moved under HEAD's lock too.
        for name in [branch_ref(branch).as_str(), "HEAD"] {
            let _ = stale_lock::clear_beside(&self.common_dir().join(name));
        }
        let nothing = "0".repeat(new.as_str().len());
        let answer = Git::on(self.common_dir())
            .args(["update-ref", "-m"])
            .arg(format!("orch: land {}", new.short()))
            .arg(branch_ref(branch))
            .arg(new.as_str())
            .arg(old.as_ref().map_or(nothing.as_str(), CommitId::as_str))
            .holding_any(held)?
            .answer()?;
        let found = self.branch_tip(branch)?;
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
        Ok(Landed {
            commit: new.clone(),
            checkouts: self.mend_checkouts(plan, held, locks)?,
        })
    }

    /// Ends a landing that may have been cut short. None when the branch never moved (then it can be planned anew);
    /// otherwise its checkouts are brought along. Doing so again changes nothing.
    pub fn finish_landing(&self, plan: &LandingPlan) -> Result<Option<Landed>, GitError> {
        self.finish_landing_holding(plan, None)
    }

    /// As [`Repository::finish_landing`], holding a lock as [`Repository::land_holding`] does.
    pub fn finish_landing_holding(
        &self,
        plan: &LandingPlan,
        held: Option<&File>,
    ) -> Result<Option<Landed>, GitError> {
        let Some(tip) = self.branch_tip(&plan.branch)? else {
            return Ok(None);
        };
        if !self.is_ancestor(&plan.new, &tip)? {
            return Ok(None);
        }
        // Whoever has moved the branch on from a checkout has brought that along.
        let (gone_on, plan) = (
            tip != plan.new,
            LandingPlan {
                new: tip.clone(),
                ..plan.clone()
            },
        );
        let mut checkouts = self.mend_checkouts(&plan, held, Vec::new())?;
        if gone_on {
            checkouts.retain(|checkout| checkout.outcome == CheckoutOutcome::FastForwarded);
        }
        Ok(Some(Landed {
            commit: tip,
            checkouts,
        }))
    }

    /// The checkouts of a branch that has moved so which still show what it moved from. Changes nothing.
    ///
    /// # Errors
    ///
    /// When git fails.
    pub fn behind(&self, plan: &LandingPlan) -> Result<Vec<PathBuf>, GitError> {
        let (Some(old), Some(tip)) = (&plan.old, self.branch_tip(&plan.branch)?) else {
            return Ok(Vec::new());
        };
        if !self.is_ancestor(&plan.new, &tip)? {
            return Ok(Vec::new());
        }
        let mut behind = Vec::new();
        for path in self.checkout_paths(&plan.branch)? {
            let moved = Moved::between(&path, old, &tip)?;
            if !moved.is_shown(&path, &tip)? && (moved.is_shown(&path, old)? || !index_equals(&path, &tip)?) {
                behind.push(path);
            }
        }
        Ok(behind)
    }

    /// What hinders one is told, and hinders no other: the branch has moved.
    fn mend_checkouts(
        &self,
        plan: &LandingPlan,
        held: Option<&File>,
        mut locks: Vec<IndexLock>,
    ) -> Result<Vec<MendedCheckout>, GitError> {
        let mut mended = |path: PathBuf| {
            let mut lock = locks
                .iter()
                .position(|lock| lock.is_of(&path))
                .map(|found| locks.swap_remove(found));
            let left = |outcome: &CheckoutOutcome| !matches!(outcome, CheckoutOutcome::Left(_));
            let outcome = again_if_killed(left, || {
                let lock = lock.take().map_or_else(|| IndexLock::take(&path), Ok);
                lock.and_then(|lock| Ok(mend(&path, plan, held, lock)?))
                    .unwrap_or_else(|hindered| CheckoutOutcome::Left(hindered.to_string()))
            });
            MendedCheckout { path, outcome }
        };
        let paths = self.checkout_paths(&plan.branch)?;
        Ok(paths.into_iter().map(&mut mended).collect())
    }
}

/// Brings one checkout from the old commit to the new one, if it still shows the old one.
fn mend(
    path: &Path,
    plan: &LandingPlan,
    held: Option<&File>,
    lock: IndexLock,
) -> Result<CheckoutOutcome, GitError> {
    let moved = match &plan.old {
        Some(old) if plan.beside => Some(Moved::between(path, old, &plan.new)?),
        _ => None,
    };
    let shows = |commit: &CommitId| match &moved {
        Some(moved) => moved.is_shown(path, commit),
        None => index_equals(path, commit),
    };
    if shows(&plan.new)? {
        return Ok(CheckoutOutcome::Current);
    }
    let Some(old) = &plan.old else {
        return Ok(CheckoutOutcome::Left(
            "it was made while the branch was".to_owned(),
        ));
    };
    if !shows(old)? {
        return Ok(CheckoutOutcome::Left("it has staged changes".to_owned()));
    }
    let mut hindrance = rehearse(path, old, &plan.new, held, &lock);
    if matches!(
        hindrance,
        Err(LandRefusal::InTheWay { .. } | LandRefusal::Blocked { .. })
    ) {
        // It may be what a killed git has left of this very move.
        undo_half(path, old, plan.new.as_str(), Some(&lock))?;
        hindrance = rehearse(path, old, &plan.new, held, &lock);
    }
    match hindrance {
        Ok(()) => {}
        Err(LandRefusal::Git(error)) => return Err(error),
        Err(refusal) => return Ok(CheckoutOutcome::Left(refusal.to_string())),
    }
    let answer = two_way(&lock, old, &plan.new, &[]).holding_any(held)?.answer()?;
    Ok(if answer.status.success() {
        lock.publish()?;
        CheckoutOutcome::FastForwarded
    } else if answer.status.code().is_none() {
        CheckoutOutcome::Left("its git was killed".to_owned())
    } else {
        CheckoutOutcome::Left(answer.stderr)
    })
}

/// What `git merge --ff-only` does to index and files, without moving HEAD: the branch moves apart from it.
fn two_way(lock: &IndexLock, old: &CommitId, new: &CommitId, options: &[&str]) -> Git {
    lock.git()
        .args(["read-tree", "-m", "-u"])
        .args(options)
        .args([old.as_str(), new.as_str()])
}

/// Finds out whether a checkout could be brought along, changing none of its files.
fn rehearse(
    path: &Path,
    old: &CommitId,
    new: &CommitId,
    held: Option<&File>,
    lock: &IndexLock,
) -> Result<(), LandRefusal> {
    // The files' times may differ from the index without their contents doing so.
    lock.git()
        .args(["update-index", "-q", "--refresh"])
        .holding_any(held)?
        .answer()?;
    let files = in_the_way(path, old, new)?;
    if !files.is_empty() {
        let path = path.to_owned();
        return Err(LandRefusal::InTheWay { path, files });
    }
    let answer = two_way(lock, old, new, &["--dry-run"]).answer()?;
    if answer.status.success() {
        return Ok(());
    }
    Err(LandRefusal::Blocked {
        path: path.to_owned(),
        why: answer.stderr,
    })
}

pub(super) fn index_equals(path: &Path, commit: &CommitId) -> Result<bool, GitError> {
    let answer = Git::within(path)
        .args(["diff-index", "--cached", "--quiet", "--ignore-submodules=none"])
        .arg(commit.as_str())
        .answer()?;
    match answer.status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => Err(answer.failure()),
    }
}
