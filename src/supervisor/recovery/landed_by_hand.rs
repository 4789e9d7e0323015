//! Finished plans that a person has landed without orch.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::{self, Repository};
use crate::plan::{CommitId, PlanName};
use crate::schedule::{Event, FoundPlan, Merge, Outcome, PlanRun, State, TakenBack};

use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::repository_plans::Project;

/// A finished plan that somebody else may have landed.
#[derive(Debug, Clone)]
struct UnlandedPlan {
    plan: PlanName,
    branch: String,
    /// The commit at which its branch began.
    base: CommitId,
    /// The branch's tip when the last work was merged into it.
    made: Option<CommitId>,
    /// The commit that reverted it, if that revert is not known to be undone.
    back: Option<CommitId>,
    /// True when the revert was undone, possibly before the run began.
    restored: bool,
}

/// The plans to search for, taken from a state.
#[derive(Debug, Clone)]
pub struct HandLandings {
    target: String,
    open: Vec<UnlandedPlan>,
    /// The reverts of plans.
    back: Vec<TakenBack>,
    /// The commit at which the run began.
    began: Option<CommitId>,
    /// The commits of known landings.
    landed: BTreeSet<CommitId>,
}

impl HandLandings {
    /// The finished plans that are not known to have landed.
    pub fn of(project: &Project, state: &State) -> Self {
        let target = project.target.clone();
        let plans = project.set.plans.iter();
        let branches: BTreeMap<&PlanName, &String> = plans.map(|plan| (&plan.name, &plan.branch)).collect();
        let open = state.plans().filter(|(_, run)| may_be(run, &target));
        let open = open.filter_map(|(name, run)| {
            Some(UnlandedPlan {
                plan: name.clone(),
                branch: (*branches.get(name)?).clone(),
                base: run.worktree()?.base.clone(),
                made: run.made.clone(),
                back: run
                    .reverted
                    .get(&target)
                    .cloned()
                    .filter(|_| run.taken_back.contains_key(&target)),
                restored: run.reverted.contains_key(&target) && !run.taken_back.contains_key(&target),
            })
        });
        let back = state
            .plans()
            .filter(|(_, run)| run.taken_back.contains_key(&target));
        let back = back.filter_map(|(name, run)| {
            Some(TakenBack {
                plan: name.clone(),
                target: target.clone(),
                commit: run.reverted.get(&target)?.clone(),
            })
        });
        Self {
            open: open.collect(),
            back: back.collect(),
            began: state.run.as_ref().map(|run| run.base.clone()),
            landed: state
                .plans()
                .flat_map(|(_, run)| run.commits_on(&target).cloned())
                .collect(),
            target,
        }
    }

    /// The events `merge.found` for plans that are on the target all the same. Does nothing while only orch has moved
    /// the target. A branch without commits of its own is contained in any target and proves nothing.
    ///
    /// # Errors
    ///
    /// When the repository cannot be read.
    pub fn look(&self, repo: &Repository) -> Result<Vec<Event>, SupervisorError> {
        if self.open.is_empty() && self.back.is_empty() {
            return Ok(Vec::new());
        }
        let Some(tip) = repo.branch_tip(&self.target)? else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        // It does not matter who undid the revert; a landing of orch's may have done so.
        for back in &self.back {
            if git::repo::is_undone(repo, &back.commit, &tip).unwrap_or(false) {
                found.push(Event::MergeRestored(back.clone()));
            }
        }
        let known: BTreeSet<&CommitId> = self.landed.iter().collect();
        let all_known = match &self.began {
            Some(began) => git::repo::is_made_of(repo, &tip, &known, began)?,
            None => false,
        };
        let open = || self.open.iter().filter(|open| !all_known || open.restored);
        // All heads together, so that the cost does not depend on their number.
        let heads = open().filter_map(|open| {
            let head = repo.branch_tip(&open.branch).ok().flatten();
            head.or_else(|| open.made.clone())
                .filter(|head| *head != open.base)
        });
        let heads: Vec<CommitId> = heads.filter(|head| repo.tree_of(head).is_ok()).collect();
        git::candidate::read_patches_of(repo, &heads, &tip)?;
        let mut builder = None;
        for open in open() {
            // The commits are still in the history below the revert, which proves nothing.
            if let Some(back) = &open.back
                && repo.is_ancestor(back, &tip)?
                && !git::repo::is_undone(repo, back, &tip)?
            {
                continue;
            }
            let evidence = match repo.branch_tip(&open.branch)? {
                Some(head) if head == open.base => None,
                Some(head) => git::candidate::landed_as_tried_by(repo, &mut builder, &head, &tip)?,
                // A person who lands a branch by hand may delete it at once; its last known commit is in the journal.
                None => open
                    .made
                    .as_ref()
                    .filter(|made| **made != open.base)
                    .and_then(|made| {
                        git::candidate::landed_as_tried_by(repo, &mut builder, made, &tip)
                            .ok()
                            .flatten()
                    }),
            };
            found.extend(evidence.map(|evidence| {
                Event::MergeFound(FoundPlan {
                    plan: open.plan.clone(),
                    target: self.target.clone(),
                    commit: tip.clone(),
                    evidence,
                })
            }));
        }
        Ok(found)
    }
}

/// People's landings of plans in this state.
///
/// # Errors
///
/// When the repository cannot be read.
pub fn landed_by_hand(project: &Project, state: &State) -> Result<Vec<Event>, SupervisorError> {
    HandLandings::of(project, state).look(&project.repo)
}

fn may_be(run: &PlanRun, target: &str) -> bool {
    run.outcome == Some(Outcome::Finished)
        && !run.landed.contains_key(target)
        && !matches!(run.merge, Merge::Running(_))
}
