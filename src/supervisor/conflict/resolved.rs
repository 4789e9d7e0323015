//! Removing the worktrees and refs of resolved conflicts that have landed.

use std::path::Path;

use crate::git::{self, ConflictError, WorktreeAdmin};
use crate::plan::PlanName;
use crate::schedule::State;

use crate::supervisor::perform::tree::removing::remove_conflict;
use crate::supervisor::project::repository_plans::Project;

/// Removes the worktrees and refs of resolutions of plans, or first phases, that have landed. Returns what was kept, and why,
/// for a person.
pub fn tidy(project: &Project, state: &State) -> Vec<(PlanName, String)> {
    let mut told = Vec::new();
    let admin = WorktreeAdmin::new(&project.repo);
    for plan in &project.set.plans {
        let run = state.plan(&plan.name);
        let (closed, warnings) = remove_conflict(project, &plan.name, |before| {
            if run.landed.contains_key(&project.target) {
                close(project, &admin, &plan.name, before)
            } else if run.landed_prefix.contains_key(&project.target) {
                close_part(project, &admin, &plan.name, before)
            } else {
                Ok(())
            }
        });
        let kept = closed
            .err()
            .map(|error| format!("the worktree in which its conflict was resolved is kept: {error}"));
        told.extend(
            warnings
                .into_iter()
                .chain(kept)
                .map(|why| (plan.name.clone(), why)),
        );
    }
    told
}

/// Like [`close`], when the resolved part is on the target. A resolution of a larger part of the plan stays open.
fn close_part(
    project: &Project,
    admin: &WorktreeAdmin,
    plan: &PlanName,
    before: &dyn Fn(&Path),
) -> Result<(), ConflictError> {
    let repo = &project.repo;
    let Some(resolution) = git::refs::resolution(repo, plan)? else {
        return Ok(());
    };
    match repo.branch_tip(&project.target)? {
        Some(target)
            if repo.is_ancestor(&resolution.commit, &target)?
                && repo.is_ancestor(&resolution.head, &target)? =>
        {
            git::conflict::close_conflict(admin, plan, &target, before).map(drop)
        }
        _ => Ok(()),
    }
}

fn close(
    project: &Project,
    admin: &WorktreeAdmin,
    plan: &PlanName,
    before: &dyn Fn(&Path),
) -> Result<(), ConflictError> {
    let made = git::conflict::conflict_at(admin, plan)?.is_some()
        || git::refs::resolution(&project.repo, plan)?.is_some();
    match project.repo.branch_tip(&project.target)?.filter(|_| made) {
        Some(target) => git::conflict::close_conflict(admin, plan, &target, before).map(drop),
        None => Ok(()),
    }
}
