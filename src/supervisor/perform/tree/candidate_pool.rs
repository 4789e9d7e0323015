//! The merge train's commits, and its worktrees in use. The pool does not outlive the supervisor: commits are built again, and
//! verdicts are kept by tree.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::agent::{JobFolder, Runner};
use crate::git::{self, Repository};
use crate::plan::{AttemptId, CommitId, PhaseId, PlanName};
use crate::schedule::train::BuildId;
use crate::schedule::{EARLY, UnionSaid};

use crate::supervisor::perform::command::verify;
use crate::supervisor::perform::tree::look_again::LookAgain;
use crate::supervisor::project::repository_plans::Project;

/// The key of one of the train's own worktrees. No lane can have this key, not even of a plan named `train`, whose lanes have
/// `train@1` and so on.
pub fn train_key(slot: usize) -> String {
    match slot {
        0 => "train@0".to_owned(),
        further => format!("train@0.{further}"),
    }
}

/// The target's commit when builds on it began.
#[derive(Debug, Clone)]
pub struct TargetTip {
    /// The branch to move.
    pub target: String,
    /// `None` when the branch did not exist yet.
    pub tip: Option<CommitId>,
    /// The target's commit, or the commit at which it will begin.
    pub commit: CommitId,
}

/// One plan's merge in a chain of merges.
#[derive(Debug, Clone)]
pub struct Link {
    pub plan: PlanName,
    /// The end of the chain up to this plan.
    pub commit: CommitId,
    /// The plan's own merge; the same commit, unless the target contained the plan already.
    pub own: CommitId,
}

/// The plans of a build.
#[derive(Debug, Clone)]
pub struct Chain {
    pub target_tip: TargetTip,
    pub links: Vec<Link>,
    pub tree: String,
}

impl Chain {
    /// The last commit.
    pub fn top(&self) -> &CommitId {
        self.links
            .last()
            .map_or(&self.target_tip.commit, |link| &link.commit)
    }
}

/// The commit to merge onto, the commit to merge, and the last phase if it is not a whole plan.
pub type MergeKey = (CommitId, CommitId, Option<PhaseId>);

#[derive(Debug, Default)]
pub struct Built {
    pub target_tips: BTreeMap<u64, TargetTip>,
    /// The last known tips of targets.
    pub seen: BTreeMap<String, CommitId>,
    /// The tips of targets before this train first moved them.
    pub began: BTreeMap<String, CommitId>,
    /// Commits that this train has moved the target to.
    pub own: BTreeSet<CommitId>,
    pub builds: BTreeMap<BuildId, Chain>,
    /// Merges with their trees; `None` for a merge that added nothing.
    pub merges: BTreeMap<MergeKey, Option<(CommitId, String)>>,
    /// Merges with conflicts that need a person, with the reason why a repair failed.
    pub unrepaired: BTreeMap<MergeKey, Option<String>>,
}

impl Built {
    /// A merge that was built before. `None` when git has pruned it since.
    pub fn merge(&self, repo: &Repository, key: &MergeKey) -> Option<Option<(CommitId, String)>> {
        let known = self.merges.get(key)?;
        let is_there = known
            .as_ref()
            .is_none_or(|(commit, _)| git::refs::has_commit(repo, commit));
        is_there.then(|| known.clone())
    }
}

/// The merge train's commits and its worktrees in use.
#[derive(Debug, Default)]
pub struct CandidatePool {
    built: Mutex<Built>,
    /// Trees that are being verified.
    trees: Mutex<BTreeSet<String>>,
    done: Condvar,
    /// Worktrees in use, with the build.
    slots: Mutex<BTreeMap<usize, BuildId>>,
    unwanted: Mutex<BTreeSet<BuildId>>,
    /// Held while a conflict is being repaired.
    repairing: Mutex<()>,
    repairs_for: Mutex<Option<BuildId>>,
    /// The folder of the current job of each attempt at a conflict, and the attempts that are to end.
    resolvers: Mutex<BTreeMap<AttemptId, JobFolder>>,
    unwanted_resolvers: Mutex<BTreeSet<AttemptId>>,
    /// Verdicts on trees that were tried early, by shell line.
    early: Mutex<BTreeMap<(String, String), UnionSaid>>,
    /// Landings whose checkouts are to be looked at again.
    pub look_again: LookAgain,
}

impl CandidatePool {
    /// The pool of a supervisor that starts. It assumes that existing targets are intact.
    pub fn of(project: &Project) -> Self {
        let pool = Self::default();
        let target = &project.target;
        let tip = project.repo.branch_tip(target).ok().flatten();
        pool.built().seen.extend(tip.map(|tip| (target.clone(), tip)));
        pool
    }

    /// Commits that were landed since the run began, recorded or not. Waits for a landing that is under way.
    pub fn landed(&self) -> Vec<CommitId> {
        self.built().own.iter().cloned().collect()
    }

    pub fn built(&self) -> MutexGuard<'_, Built> {
        held(&self.built)
    }

    /// Waits until no other conflict is being repaired: there is only one worktree for repairs.
    pub fn repair_for(&self, build: BuildId) -> RepairsFor<'_> {
        let alone = held(&self.repairing);
        *held(&self.repairs_for) = Some(build);
        RepairsFor {
            pool: self,
            _alone: alone,
        }
    }

    /// Allows another try for conflicts that could not be repaired, because a person has asked.
    pub fn try_anew(&self) {
        self.built().unrepaired.clear();
    }

    /// Records the current job of an attempt at a conflict.
    pub fn resolver_runs(&self, attempt: &AttemptId, folder: &JobFolder) {
        held(&self.resolvers).insert(attempt.clone(), folder.clone());
    }

    pub fn is_unwanted_resolver(&self, attempt: &AttemptId) -> bool {
        held(&self.unwanted_resolvers).contains(attempt)
    }

    /// Ends an attempt at a conflict, or keeps it from starting.
    pub fn stop_resolver(&self, attempt: &AttemptId, now: bool) {
        held(&self.unwanted_resolvers).insert(attempt.clone());
        let folder = held(&self.resolvers).get(attempt).cloned();
        if let Some(Ok(Some(runner))) = folder.map(Runner::adopt) {
            runner.hold().stop(now);
        }
    }

    /// Waits until nobody else verifies this tree.
    pub fn alone_with<'a>(&'a self, tree: &str) -> AloneWith<'a> {
        let mut busy = held(&self.trees);
        while busy.contains(tree) {
            busy = self.done.wait(busy).unwrap_or_else(PoisonError::into_inner);
        }
        busy.insert(tree.to_owned());
        AloneWith {
            pool: self,
            tree: tree.to_owned(),
        }
    }

    /// Takes a worktree for a build: the one where its verification has been running, or has ended, since before a restart;
    /// else a free one, if possible one where nothing is running.
    pub fn take_slot<'a>(&'a self, project: &Project, build: BuildId, tag: &str) -> TakenSlot<'a> {
        let mut taken = held(&self.slots);
        let all = project.set.merge.verify_slots.max(1);
        let mut idle = None;
        let mut matching = None;
        for slot in (0..all).filter(|slot| !taken.contains_key(slot)) {
            let folder = JobFolder::new(project.dir.train_verification(slot));
            match Runner::adopt(folder.clone()) {
                Ok(Some(_)) if folder.job().is_ok_and(|job| job.tag == tag) => {
                    matching.get_or_insert(slot);
                }
                Ok(None) => {
                    idle.get_or_insert(slot);
                    if verify::finished_before(&folder, tag, "").is_some() {
                        matching.get_or_insert(slot);
                    }
                }
                Ok(Some(_)) | Err(_) => {}
            }
        }
        let free = || (0..).find(|slot| !taken.contains_key(slot)).unwrap_or(0);
        let slot = matching.or(idle).unwrap_or_else(free);
        taken.insert(slot, build);
        TakenSlot { pool: self, slot }
    }

    pub fn is_unwanted(&self, build: BuildId) -> bool {
        held(&self.unwanted).contains(&build)
    }

    /// Ends a build's verification, or keeps it from starting.
    pub fn stop(&self, project: &Project, build: BuildId) {
        held(&self.unwanted).insert(build);
        if *held(&self.repairs_for) == Some(build)
            && let Ok(Some(runner)) = Runner::adopt(JobFolder::new(project.dir.regeneration()))
        {
            Runner::stop(runner.process(), false);
        }
        let slots = held(&self.slots);
        let slot = slots.iter().find(|(_, taken_by)| **taken_by == build);
        let Some((slot, _)) = slot else { return };
        let folder = JobFolder::new(project.dir.train_verification(*slot));
        if let Ok(Some(runner)) = Runner::adopt(folder) {
            Runner::stop(runner.process(), false);
        }
    }

    /// The verdict on a tree that was tried early.
    pub fn early_word(&self, tree: &str, line: &str) -> Option<UnionSaid> {
        held(&self.early)
            .get(&(tree.to_owned(), line.to_owned()))
            .cloned()
    }

    pub fn keep_early_word(&self, tree: &str, line: &str, said: &UnionSaid) {
        held(&self.early).insert((tree.to_owned(), line.to_owned()), said.clone());
    }

    /// Immediately ends everything that is tried early.
    pub fn end_early(&self, project: &Project) {
        let early: Vec<(usize, BuildId)> = held(&self.slots)
            .iter()
            .filter(|(_, build)| **build & EARLY != 0)
            .map(|(slot, build)| (*slot, *build))
            .collect();
        for (slot, build) in early {
            held(&self.unwanted).insert(build);
            let folder = JobFolder::new(project.dir.train_verification(slot));
            if let Ok(Some(runner)) = Runner::adopt(folder) {
                runner.hold().stop(true);
                let _ = runner.wait();
            }
        }
    }

    /// Ends jobs from before a restart in worktrees of the train that no build has taken.
    pub fn end_orphans(&self, project: &Project) {
        let taken = held(&self.slots);
        if held(&self.repairs_for).is_none()
            && let Ok(Some(runner)) = Runner::adopt(JobFolder::new(project.dir.regeneration()))
        {
            runner.hold().stop(true);
            let _ = runner.wait();
        }
        for slot in (0..project.set.merge.verify_slots.max(1)).filter(|slot| !taken.contains_key(slot)) {
            let folder = JobFolder::new(project.dir.train_verification(slot));
            if let Ok(Some(runner)) = Runner::adopt(folder) {
                runner.hold().stop(true);
                let _ = runner.wait();
            }
        }
    }
}

/// Held while a conflict is being repaired.
pub struct RepairsFor<'a> {
    pool: &'a CandidatePool,
    _alone: MutexGuard<'a, ()>,
}

impl Drop for RepairsFor<'_> {
    fn drop(&mut self) {
        *held(&self.pool.repairs_for) = None;
    }
}

/// Held while a tree is verified.
pub struct AloneWith<'a> {
    pool: &'a CandidatePool,
    tree: String,
}

impl Drop for AloneWith<'_> {
    fn drop(&mut self) {
        held(&self.pool.trees).remove(&self.tree);
        self.pool.done.notify_all();
    }
}

/// Held while a worktree is in use.
pub struct TakenSlot<'a> {
    pool: &'a CandidatePool,
    pub slot: usize,
}

impl Drop for TakenSlot<'_> {
    fn drop(&mut self) {
        held(&self.pool.slots).remove(&self.slot);
    }
}

/// Locks a mutex. A poisoned one is fine: the data is always consistent, before or after the step of the thread that panicked.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
