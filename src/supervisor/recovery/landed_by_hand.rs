//! Finished plans that a person has landed without orch.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::{self, Repository};
use crate::plan::{CommitId, PlanName};
use crate::schedule::{Event, FoundPlan, Merge, Outcome, PlanRun, State, TakenBack};

use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::repository_plans::Project;

/// A finished plan that may be on the target without orch knowing.
#[derive(Debug, Clone)]
struct UnlandedPlan {
    plan: PlanName,
    branch: String,
    /// Where its branch began.
    base: CommitId,
    /// Where it stood when the last work came to it.
    made: Option<CommitId>,
    /// What took it off the target, where that was not undone as far as is known.
    back: Option<CommitId>,
    /// True when that was undone, which may have been before the run began.
    restored: bool,
}

/// What is to be looked for, taken from a state.
#[derive(Debug, Clone)]
pub struct HandLandings {
    target: String,
    open: Vec<UnlandedPlan>,
    /// What took plans off the target.
    back: Vec<TakenBack>,
    /// Where the run began.
    began: Option<CommitId>,
    /// Where plans have landed.
    landed: BTreeSet<CommitId>,
}

impl HandLandings {
    /// The plans that are finished and not known to have landed.
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

    /// The facts `merge.found` for those that are on the target all the same. Nothing is looked for while only orch has
    /// added to the target. A branch without commits of its own is in any target and proves nothing.
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
        // Who undid it matters not, so a landing of orch's may have brought it.
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
        // Together, so that a look costs the same however many there are.
        let heads = open().filter_map(|open| {
            let head = repo.branch_tip(&open.branch).ok().flatten();
            head.or_else(|| open.made.clone())
                .filter(|head| *head != open.base)
        });
        let heads: Vec<CommitId> = heads.filter(|head| repo.tree_of(head).is_ok()).collect();
        git::candidate::read_patches_of(repo, &heads, &tip)?;
        let mut builder = None;
        for open in open() {
            // Its commits are still in the history that took them back, and prove nothing.
            if let Some(back) = &open.back
                && repo.is_ancestor(back, &tip)?
                && !git::repo::is_undone(repo, back, &tip)?
            {
                continue;
            }
            let evidence = match repo.branch_tip(&open.branch)? {
                Some(head) if head == open.base => None,
                Some(head) => git::candidate::landed_as_tried_by(repo, &mut builder, &head, &tip)?,
                // Somebody who lands a branch by hand may delete it at once; what was on it is written down.
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

/// What a person has landed of the plans of this state.
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
