//! The merge train's commits, and its worktrees in use. Nothing of it outlives the supervisor: commits are built again, and
//! verdicts are kept by tree.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::agent::{JobFolder, Runner};
use crate::git::{self, Repository};
use crate::plan::{AttemptId, CommitId, PhaseId, PlanName};
use crate::schedule::train::BuildId;
use crate::schedule::{EARLY, UnionSaid};

use crate::supervisor::perform::command::verify;
use crate::supervisor::project::repository_plans::Project;

/// The key of one of the train's own worktrees. No lane can have it, of a plan named `train` neither: those have `train@1` and
/// so on.
pub fn train_key(slot: usize) -> String {
    match slot {
        0 => "train@0".to_owned(),
        further => format!("train@0.{further}"),
    }
}

/// The commit that the target stood at when builds on it began.
#[derive(Debug, Clone)]
pub struct TargetTip {
    /// The branch that is to be moved.
    pub target: String,
    /// None when there was no such branch yet.
    pub tip: Option<CommitId>,
    /// Where it stood, or will begin.
    pub commit: CommitId,
}

/// A plan's merge in a chain of them.
#[derive(Debug, Clone)]
pub struct Link {
    pub plan: PlanName,
    /// The end of the chain with it.
    pub commit: CommitId,
    /// Its own merge; the same, unless the target had it before.
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
    /// Its last commit.
    pub fn top(&self) -> &CommitId {
        self.links
            .last()
            .map_or(&self.target_tip.commit, |link| &link.commit)
    }
}

/// Onto what, what, and up to which phase where that is not a whole plan.
pub type MergeKey = (CommitId, CommitId, Option<PhaseId>);

#[derive(Debug, Default)]
pub struct Built {
    pub target_tips: BTreeMap<u64, TargetTip>,
    /// Where targets were seen to stand last.
    pub seen: BTreeMap<String, CommitId>,
    /// Where targets stood before this train moved them for the first time.
    pub began: BTreeMap<String, CommitId>,
    /// Commits that this train has moved the target to.
    pub own: BTreeSet<CommitId>,
    pub builds: BTreeMap<BuildId, Chain>,
    /// Merges with their trees; none where that added nothing.
    pub merges: BTreeMap<MergeKey, Option<(CommitId, String)>>,
    /// Merges that conflict and were not to be had without a person, with what was tried.
    pub unrepaired: BTreeMap<MergeKey, Option<String>>,
}

impl Built {
    /// A merge that was made before; none when git has pruned it since.
    pub fn merge(&self, repo: &Repository, key: &MergeKey) -> Option<Option<(CommitId, String)>> {
        let known = self.merges.get(key)?;
        let is_there = known
            .as_ref()
            .is_none_or(|(commit, _)| git::refs::has_commit(repo, commit));
        is_there.then(|| known.clone())
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct CandidatePool {
    built: Mutex<Built>,
    /// Trees that are being verified.
    trees: Mutex<BTreeSet<String>>,
    done: Condvar,
    /// Worktrees in use, with the build.
    slots: Mutex<BTreeMap<usize, BuildId>>,
    unwanted: Mutex<BTreeSet<BuildId>>,
    /// The build for which a conflict is dealt with.
    repairing: Mutex<()>,
    repairs_for: Mutex<Option<BuildId>>,
    /// What runs of attempts at conflicts, and those that are to end.
    resolvers: Mutex<BTreeMap<AttemptId, JobFolder>>,
    unwanted_resolvers: Mutex<BTreeSet<AttemptId>>,
    /// Verdicts on trees that were only tried, by shell line.
    early: Mutex<BTreeMap<(String, String), UnionSaid>>,
}

impl CandidatePool {
    /// That of a supervisor that begins. A target that is there now was there.
    pub fn of(project: &Project) -> Self {
        let pool = Self::default();
        let target = &project.target;
        let tip = project.repo.branch_tip(target).ok().flatten();
        pool.built().seen.extend(tip.map(|tip| (target.clone(), tip)));
        pool
    }

    /// What was landed since the run began, written down or not. Waits for a landing that is under way.
    pub fn landed(&self) -> Vec<CommitId> {
        self.built().own.iter().cloned().collect()
    }

    pub fn built(&self) -> MutexGuard<'_, Built> {
        held(&self.built)
    }

    /// Waits until no other conflict is dealt with: there is one worktree for that.
    pub fn repair_for(&self, build: BuildId) -> RepairsFor<'_> {
        let alone = held(&self.repairing);
        *held(&self.repairs_for) = Some(build);
        RepairsFor {
            pool: self,
            _alone: alone,
        }
    }

    /// Conflicts that could not be dealt with are tried again: a person has asked.
    pub fn try_anew(&self) {
        self.built().unrepaired.clear();
    }

    /// Notes what runs now of an attempt at a conflict.
    pub fn resolver_runs(&self, attempt: &AttemptId, folder: &JobFolder) {
        held(&self.resolvers).insert(attempt.clone(), folder.clone());
    }

    pub fn is_unwanted_resolver(&self, attempt: &AttemptId) -> bool {
        held(&self.unwanted_resolvers).contains(attempt)
    }

    /// Ends an attempt at a conflict, or keeps it from beginning.
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

    /// Takes a worktree for a build: the one where its verification is at work, or ended, since before a restart, else a
    /// free one, if there is one where nothing is at work.
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

    /// Ends a build's verification, or keeps it from beginning.
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

    /// Ends what is tried early, at once.
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

    /// Ends what is at work in worktrees of the train that no build has: since before a restart.
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

/// Held while a conflict is dealt with.
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

/// What one thread that panicked had begun, others find as it was before or after.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
