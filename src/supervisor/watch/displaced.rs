//! Branches that somebody deletes or moves while agents work on them, and a target that somebody moves to unverified work.

use std::collections::BTreeSet;

use crate::git::{self, GitError, Repository};
use crate::plan::{CommitId, LaneId, PlanName};
use crate::schedule::{AttemptState, Event, Input, State, work_place};

use crate::supervisor::desk::core::Desk;
use crate::supervisor::desk::message::EngineMessage;
use crate::supervisor::perform::tree::candidate_pool::CandidatePool;
use crate::supervisor::project::repository_plans::Project;

/// Checks, on a thread of its own, whether the branches of running agents are where the agents left them. Moved branches are
/// restored, with a warning.
pub fn look_for_displaced(desk: &Desk) {
    let state = desk.scheduler.state();
    for (name, lane, attempt) in state.open_attempts() {
        let (Some(plan), Some(work), Some(began)) = (
            desk.project.plan(name),
            desk.scheduler.work().plans.iter().find(|plan| plan.name == *name),
            attempt.head.clone(),
        ) else {
            continue;
        };
        if attempt.state != AttemptState::Running {
            continue;
        }
        let branch = match work_place(work, state.plan(name), lane, attempt).branch_of {
            Some(unit) => desk.project.unit_branch(plan, unit),
            None => plan.branch.clone(),
        };
        let worktree = desk.worktree(&LaneId::new(name, lane));
        let (repo, lock) = (desk.project.repo.clone(), desk.units.of(name));
        let (name, sender) = (name.clone(), desk.sender.clone());
        tokio::task::spawn_blocking(move || {
            // The holder of the lock checks the branch itself.
            let Ok(_alone) = lock.try_lock() else {
                return;
            };
            // A branch that cannot be read now is checked again soon, and after the attempt has ended.
            if let Ok(Some(found)) =
                git::step::restore_displaced(&repo, name.as_str(), &worktree, &branch, &began)
                && found.now.is_some()
            {
                let _ = sender.send(EngineMessage::Warning(Some(name), found.to_string()));
            }
        });
    }
}

/// Notices that somebody else has moved the target.
#[derive(Debug)]
pub struct TargetWatch {
    /// The target's tip at the last check.
    pub seen: Option<CommitId>,
}

impl TargetWatch {
    /// Checks, on a thread of its own, whether somebody has moved the target since the last check to work of a plan that has
    /// not landed.
    pub fn look(&self, desk: &Desk) {
        if let Some(moved) = self.moved(desk) {
            let (repo, pool, sender) = (desk.project.repo.clone(), desk.pool.clone(), desk.sender.clone());
            tokio::task::spawn_blocking(move || {
                let told = moved.told(&repo, &pool).unwrap_or_default();
                let _ = sender.send(EngineMessage::TargetLooked(moved.to, told));
            });
        }
    }

    /// Handles the result of a check.
    pub fn looked(&mut self, tip: CommitId, told: Vec<Event>, inputs: &mut Vec<Input>) {
        if self.seen.replace(tip.clone()) != Some(tip) {
            inputs.extend(told.into_iter().map(Input::Event));
        }
    }

    /// The last check of the target. Returns warnings as events.
    pub fn look_last(&self, desk: &Desk) -> Vec<Event> {
        let moved = self.moved(desk);
        let told = moved.and_then(|moved| moved.told(&desk.project.repo, &desk.pool).ok());
        told.unwrap_or_default()
    }

    fn moved(&self, desk: &Desk) -> Option<TargetMove> {
        let tip = desk.project.repo.branch_tip(&desk.project.target).ok()??;
        let seen = self.seen.clone().filter(|seen| *seen != tip)?;
        Some(TargetMove::of(&desk.project, desk.scheduler.state(), seen, tip))
    }
}

/// A move of the target.
struct TargetMove {
    target: String,
    from: CommitId,
    to: CommitId,
    /// Commits that orch itself has landed, or verifies and is about to land.
    own: BTreeSet<CommitId>,
    /// Branches of plans that have begun and are not finished, with their first commits.
    begun: Vec<(PlanName, String, CommitId)>,
}

impl TargetMove {
    fn of(project: &Project, state: &State, from: CommitId, to: CommitId) -> Self {
        let target = project.target.clone();
        let begun = state.plans().filter_map(|(name, run)| {
            let branch = project.plan(name)?.branch.clone();
            Some((name.clone(), branch, run.worktree()?.base.clone()))
        });
        Self {
            own: state
                .plans()
                .flat_map(|(_, run)| run.commits_on(&target).cloned())
                .collect(),
            begun: begun.collect(),
            target,
            from,
            to,
        }
    }

    fn told(&self, repo: &Repository, pool: &CandidatePool) -> Result<Vec<Event>, GitError> {
        let Self { target, from, to, .. } = self;
        // Includes landings of orch that are not recorded yet.
        let own: Vec<CommitId> = self.own.iter().cloned().chain(pool.landed()).collect();
        if own.contains(to) {
            return Ok(Vec::new());
        }
        let mut told = Vec::new();
        for (plan, branch, base) in &self.begun {
            let Some(head) = repo.branch_tip(branch)? else {
                continue;
            };
            // The commits that both contain, and the old target did not.
            let Some(shared) = repo.merge_base(&head, to)? else {
                continue;
            };
            if repo.is_ancestor(&shared, from)? || repo.is_ancestor(&shared, base)? {
                continue;
            }
            // A landing of the plan, or of its first phases, brought them.
            let mut landed = false;
            for commit in &own {
                landed |= git::refs::has_commit(repo, commit) && repo.is_ancestor(&shared, commit)?;
            }
            if landed {
                continue;
            }
            let why = format!(
                "somebody moved refs/heads/{target} from {} to {}, which has commits of {plan} that were not verified. If that \
                 was not you, an agent did it: `git revert` takes them off {target}",
                from.short(),
                to.short(),
            );
            let plan = Some(plan.clone());
            told.push(Event::warning(plan, why));
        }
        Ok(told)
    }
}
