//! Creating a plan's worktrees.

use crate::git::{
    self, EnsureError, LaneSpec, MergedIn, WorktreeAdmin, WorktreeReady, WorktreeSpec, again_if_killed,
    head_of, merge_in,
};
use crate::plan::{CommitId, Dispatch, LaneId, Plan};
use crate::schedule::{Event, LaneNote};
use crate::status;

use super::own_folder;
use super::provision;
use super::provision::{Progress, Provisioning, Unready, provision};
use crate::supervisor::project::environment;
use crate::supervisor::project::repository_plans::Project;

/// Creates the plan's branch and worktree, or an additional worktree, unless they exist, and prepares the worktree. Also returns
/// warnings.
pub fn make_worktree(
    project: &Project,
    admin: &WorktreeAdmin,
    lane: &LaneId,
    base: &CommitId,
    progress: &Progress<'_>,
) -> (Event, Vec<String>) {
    let note = |why: String| LaneNote {
        plan: lane.plan.clone(),
        lane: lane.lane,
        why,
    };
    match make(project, admin, lane, base, progress) {
        Ok(made) => made,
        Err(Unready::Failed(why)) => (Event::WorktreeRefused(note(why)), Vec::new()),
        Err(Unready::Stopped) => {
            let why = "it was not ready when a person asked to stop".to_owned();
            (Event::WorktreeDeferred(note(why)), Vec::new())
        }
    }
}

fn make(
    project: &Project,
    admin: &WorktreeAdmin,
    lane: &LaneId,
    base: &CommitId,
    progress: &Progress<'_>,
) -> Result<(Event, Vec<String>), Unready> {
    let gone = || Unready::Failed("the plan is no longer in the manifest".to_owned());
    let plan = project.plan(&lane.plan).ok_or_else(gone)?;
    progress.wait_for_room(project)?;
    let fit = own_folder::fit(project, base).map_err(|error| Unready::Failed(error.to_string()))?;
    let begin = fit.as_ref().unwrap_or(base);
    let made = again_if_killed(Result::is_ok, || ensure(project, admin, plan, lane, begin));
    let mut ready = made.map_err(|error| Unready::Failed(error.to_string()))?;
    let mut begins = base.clone();
    if lane.lane == 0 && !ready.created_worktree {
        begins = bring_along(project, plan, &mut ready, base, begin);
    }
    if fit.is_some() && ready.created_branch {
        ready.warnings.push(format!(
            "`.orch/` is in commit {}, where `{}` begins, and is orch's own: the branch begins without it",
            base.short(),
            plan.branch
        ));
    }
    let foreign = take_out(project, plan, lane, &mut ready);
    // The folder for reports must exist before it is watched.
    let prepared = match foreign && ready.created_worktree {
        true => status::prepare_anew(&ready.path, &lane.plan, &plan.document),
        false => status::prepare(&ready.path, &lane.plan, &plan.document),
    };
    if let Err(error) = prepared {
        ready.warnings.push(error.to_string());
    }
    let provisioned = provision(
        project,
        &Provisioning {
            key: &lane.to_string(),
            worktree: &ready.path,
            setup: &plan.setup,
            variables: &environment::for_lane(project, plan, lane.lane, &ready.path),
            timeout: plan.attempts.timeout,
            grace: plan.attempts.grace,
            event: provision::created(
                Some(plan.name.as_str()),
                lane.lane,
                &ready.path,
                Some(&plan.branch),
            ),
        },
        progress,
    )?;
    ready.warnings.extend(provisioned);
    let event = Event::WorktreeCreated {
        plan: lane.plan.clone(),
        lane: lane.lane,
        path: ready.path.to_string_lossy().into_owned(),
        branch: plan.branch.clone(),
        base: begins,
    };
    Ok((event, ready.warnings))
}

/// Takes orch's own folder out of a branch to which an earlier worktree or a person has committed it. True when the folder was
/// there.
fn take_out(project: &Project, plan: &Plan, lane: &LaneId, ready: &mut WorktreeReady) -> bool {
    let held = git::candidate::orch_files_in(&project.repo, &ready.head).unwrap_or_default();
    if held.is_empty() {
        return false;
    }
    // An additional lane is on no branch until its task's branch is entered.
    if lane.lane == 0 && project.repo.branch_tip(&plan.branch).ok().flatten().as_ref() == Some(&ready.head) {
        match own_folder::take_out(project, &ready.path, &plan.branch, &plan.name, &[]) {
            Ok(files) => ready.warnings.push(own_folder::told(&plan.branch, &files)),
            Err(error) => ready
                .warnings
                .push(format!("`.orch/` stays in `{}`: {error}", plan.branch)),
        }
        if let Ok(head) = head_of(&ready.path) {
            ready.head = head;
        }
    }
    true
}

/// Moves a branch without commits of its own, with its worktree, to the run's base: commits made since the branch was created may
/// be what its work needs. Returns the branch's new start. `fit` is the base in the form in which it may enter a worktree.
fn bring_along(
    project: &Project,
    plan: &Plan,
    ready: &mut WorktreeReady,
    base: &CommitId,
    fit: &CommitId,
) -> CommitId {
    let at = ready.head.clone();
    let stands_on_it = project
        .repo
        .branch_tip(&plan.branch)
        .is_ok_and(|tip| tip.as_ref() == Some(&at));
    let is_behind = || at != *base && project.repo.is_ancestor(&at, base).unwrap_or(false);
    if !stands_on_it || !is_behind() {
        return base.clone();
    }
    let why = match merge_in(&ready.path, fit, "") {
        Ok(MergedIn::FastForward(head)) => {
            ready.head = head;
            return base.clone();
        }
        Ok(_) => "git did not move it".to_owned(),
        Err(error) => error.to_string(),
    };
    ready.warnings.push(format!(
        "its branch stays at {}, the base of an earlier run, and does not move to {}: {why}",
        at.short(),
        base.short()
    ));
    at
}

fn ensure(
    project: &Project,
    admin: &WorktreeAdmin,
    plan: &Plan,
    lane: &LaneId,
    base: &CommitId,
) -> Result<WorktreeReady, EnsureError> {
    let (key, path) = (lane.to_string(), project.lane_path(lane));
    if lane.lane == 0 && plan.arrangement.dispatch == Dispatch::Plan {
        return git::worktree::ensure(
            admin,
            &WorktreeSpec {
                key,
                path,
                branch: plan.branch.clone(),
                base: base.clone(),
            },
        );
    }
    let (branch, base) = if lane.lane == 0 {
        (Some(plan.branch.clone()), base.clone())
    } else {
        // Starts at the plan's tip, so that little changes when its first task is entered.
        let tip = project.repo.branch_tip(&plan.branch)?;
        (None, tip.unwrap_or_else(|| base.clone()))
    };
    git::worktree::ensure_lane(
        admin,
        &LaneSpec {
            key,
            path,
            branch,
            base,
        },
    )
}

/// Prepares a worktree of the merge queue, or another of `orch`'s own in which a plan's merge is verified, by the run's settings.
/// Returns warnings. For a prepared worktree only the record is read.
///
/// # Errors
///
/// When a step failed, in words.
pub fn provision_own(
    project: &Project,
    plan: &Plan,
    key: &str,
    worktree: &std::path::Path,
) -> Result<Vec<String>, String> {
    let progress = Progress {
        say: &|_| {},
        stop: &std::sync::atomic::AtomicBool::new(false),
    };
    let wanted = Provisioning {
        key,
        worktree,
        setup: &project.set.run.setup,
        variables: &environment::for_train(project, Some(plan), key, worktree),
        timeout: plan.attempts.timeout,
        grace: plan.attempts.grace,
        event: provision::created(None, 0, worktree, None),
    };
    provision(project, &wanted, &progress).map_err(|unready| match unready {
        Unready::Failed(why) => format!("the worktree for verifying merges is not ready: {why}"),
        Unready::Stopped => "the setup of the worktree for verifying merges was stopped".to_owned(),
    })
}
