//! Phases and tasks on branches of their own: entering one, and merging it into the plan's branch.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::git::{
    self, Backup, CandidateBuilder, Integrated, LandRefusal, MergeMessage, UnitBranch, UnitError,
    UnitRefusal, UnitStart, WorktreeAdmin, again_if_killed, stamp,
};
use crate::plan::{AttemptId, CommitId, LaneId, Plan, PlanName, UnitId};
use crate::schedule::{Event, Launch, LaunchTrouble, PlanRun, WorkConflict, WorkPlace, WorkRefusal};

use crate::agent::{JobFolder, JobState};
use crate::supervisor::perform::build::conflict::listed;
use crate::supervisor::project::error::in_words;
use crate::supervisor::project::repository_plans::Project;

/// Lets one step at a time change a plan's branch and enter or leave its lanes.
#[derive(Debug, Default)]
pub struct UnitLocks {
    of: Mutex<BTreeMap<PlanName, Arc<Mutex<()>>>>,
}

impl UnitLocks {
    /// The lock of a plan.
    pub fn of(&self, plan: &PlanName) -> Arc<Mutex<()>> {
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(of.entry(plan.clone()).or_default())
    }
}

fn unit_of(project: &Project, plan: &Plan, unit: UnitId) -> UnitBranch {
    UnitBranch {
        plan: plan.name.clone(),
        plan_branch: plan.branch.clone(),
        branch: project.unit_branch(plan, unit),
    }
}

/// Records again that a unit's branch belongs to orch, in case an agent deleted the record. An attempt at the unit has begun on
/// the branch.
pub fn note_again(project: &Project, plan: &Plan, unit: UnitId) -> Result<(), String> {
    let unit = unit_of(project, plan, unit);
    git::refs::note_unit_again(&project.repo, &unit).map_err(in_words)
}

/// Like [`note_again`], before the next attempt, when an earlier attempt has begun on that branch. Errors are ignored: the
/// attempt itself will meet them.
pub fn note_again_before(project: &Project, order: &Launch, known: &PlanRun) {
    let began = known
        .history
        .iter()
        .any(|earlier| earlier.started.is_some() && earlier.units.first() == order.units.first());
    if let (true, Some(unit), Some(plan)) = (began, order.place.branch_of, project.plan(&order.plan)) {
        let _ = note_again(project, plan, unit);
    }
}

/// The backups, in words.
pub fn backed_up(backups: &[Backup]) -> Vec<String> {
    let lines = backups.iter().map(|backup| {
        format!(
            "the lane's earlier changes are kept as {} ({})",
            backup.name,
            backup.commit.short()
        )
    });
    lines.collect()
}

/// Puts a lane on the branch of its next unit. Returns warnings.
///
/// # Errors
///
/// Why the agent cannot start there.
pub fn enter(
    project: &Project,
    admin: &WorktreeAdmin,
    plan: &Plan,
    place: &WorkPlace,
    unit: UnitId,
) -> Result<Vec<String>, LaunchTrouble> {
    let key = LaneId::new(&plan.name, place.lane).to_string();
    let entry = if place.fresh {
        UnitStart::Fresh
    } else {
        UnitStart::Continue
    };
    let unit = unit_of(project, plan, unit);
    let try_it = || {
        let ended = git::unit::finish_move(admin, &unit, &stamp())?;
        Ok((ended, git::unit::enter_unit(admin, &key, &unit, entry, &stamp())?))
    };
    let entered = match try_it() {
        Err(UnitError::Refused(UnitRefusal::CheckedOutElsewhere { path, .. }))
            if is_idle_lane(project, admin, plan, &path, &key) =>
        {
            let idle = admin.key_at(&path).map_err(UnitError::from);
            let off = idle.and_then(|idle| idle.map_or(Ok(()), |idle| git::unit::step_off(admin, &idle)));
            off.and_then(|()| try_it())
        }
        entered => entered,
    };
    match entered {
        Ok((ended, ready)) => {
            let mut said = backed_up(&ended);
            said.extend(backed_up(&ready.backups));
            said.extend(ready.warnings);
            Ok(said)
        }
        Err(error) => Err(trouble(error)),
    }
}

/// Classifies a branch that cannot be entered: a git error may pass, anything else needs a person.
pub(super) fn trouble(error: UnitError) -> LaunchTrouble {
    match error {
        UnitError::Git(error) => LaunchTrouble::failed(error),
        error => LaunchTrouble::refused(error),
    }
}

/// True for another lane of the plan in which no agent is at work: its last attempt died there, and its unit is now to be
/// continued in this lane.
fn is_idle_lane(project: &Project, admin: &WorktreeAdmin, plan: &Plan, path: &Path, own: &str) -> bool {
    let Ok(Some(key)) = admin.key_at(path) else {
        return false;
    };
    let of_plan = key.split('@').next() == Some(plan.name.as_str());
    of_plan && key != own && refuse_second_agent(project, &plan.name, path).is_ok()
}

/// Takes a lane off its unit's branch, unless something prevents it. The plan's own worktree then shows the plan, and no unit's
/// branch is checked out. The next attempt that needs the lane will meet the same obstacle.
pub fn leave(admin: &WorktreeAdmin, plan: &Plan, lane: u32) -> Result<CommitId, UnitError> {
    git::unit::leave_unit(admin, &LaneId::new(&plan.name, lane).to_string(), &plan.branch)
}

/// Merges an attempt's commits into the plan's branch. Returns warnings.
pub fn integrate(
    project: &Project,
    admin: &WorktreeAdmin,
    name: &PlanName,
    attempt: &AttemptId,
    place: &WorkPlace,
    (known, made): (Option<&CommitId>, Option<&CommitId>),
) -> (Event, Vec<String>) {
    let (plan_name, attempt_id) = (name.clone(), attempt.clone());
    let merged = again_if_killed(
        |_| false,
        || {
            holds_what_was_made(project, name, made)?;
            merge(project, admin, name, attempt, place, known)
        },
    );
    match merged {
        Ok((outcome, said)) => {
            let event = match outcome {
                Integrated::FastForward(commit)
                | Integrated::Merged(commit)
                | Integrated::AlreadyIn(commit) => Event::WorkMerged {
                    plan: plan_name,
                    attempt: attempt_id,
                    commit,
                },
                Integrated::Conflict { files } => Event::WorkConflicted(WorkConflict {
                    plan: plan_name,
                    attempt: attempt_id,
                    files: listed(&files),
                }),
            };
            (event, said)
        }
        Err(why) => {
            let event = Event::WorkRefused(WorkRefusal {
                plan: plan_name,
                attempt: attempt_id,
                why,
            });
            (event, Vec::new())
        }
    }
}

/// Refuses to continue on a branch that lost work which was merged into it.
fn holds_what_was_made(project: &Project, name: &PlanName, made: Option<&CommitId>) -> Result<(), String> {
    let (Some(plan), Some(made)) = (project.plan(name), made) else {
        return Ok(());
    };
    let tip = project.repo.branch_tip(&plan.branch).map_err(in_words)?;
    let Some(tip) = tip.filter(|_| git::refs::has_commit(&project.repo, made)) else {
        return Ok(());
    };
    match project.repo.is_ancestor(made, &tip).map_err(in_words)? {
        true => Ok(()),
        false => Err(format!(
            "somebody has moved the branch `{branch}` back: it no longer has the work that was merged into it ({}). \
             `git branch -f {branch} {made}` brings that back, then `orch retry {name}`",
            made.short(),
            branch = plan.branch,
        )),
    }
}

fn merge(
    project: &Project,
    admin: &WorktreeAdmin,
    name: &PlanName,
    attempt: &AttemptId,
    place: &WorkPlace,
    known: Option<&CommitId>,
) -> Result<(Integrated, Vec<String>), String> {
    let plan = project
        .plan(name)
        .ok_or("the plan is no longer in the manifest")?;
    let id = place
        .branch_of
        .ok_or("the attempt works on the plan's own branch")?;
    note_again(project, plan, id)?;
    let unit = unit_of(project, plan, id);
    let git = project.git().map_err(in_words)?;
    let builder = CandidateBuilder::new(&project.repo, git);
    let ended = git::unit::finish_move(admin, &unit, &stamp()).map_err(in_words)?;
    leave(admin, plan, place.lane).map_err(in_words)?;
    let trailers = [("Orch-Plan", name.as_str()), ("Orch-Attempt", attempt.as_str())];
    let text = format!("Merge {name}.{id} into {}", plan.branch);
    let message = MergeMessage {
        text: &text,
        trailers: &trailers,
    };
    let mut tries = 0;
    let done = loop {
        match git::unit::integrate(admin, &builder, &unit, message, &stamp(), known) {
            Ok(done) => break done,
            // Somebody else moved the plan's branch: the merge is built again on its new tip.
            Err(UnitError::Land(LandRefusal::Moved { .. })) if tries < MOVED_AT_MOST => tries += 1,
            Err(error) => return Err(error.to_string()),
        }
    };
    let mut said = backed_up(&ended);
    said.extend(backed_up(&done.backups));
    if let Integrated::FastForward(commit) | Integrated::Merged(commit) | Integrated::AlreadyIn(commit) =
        &done.outcome
    {
        let kept = git::refs::keep_made(&project.repo, name, commit);
        kept.map_err(in_words)?;
    }
    if !matches!(done.outcome, Integrated::Conflict { .. })
        && let Err(error) = git::refs::delete_unit(&project.repo, &unit)
    {
        said.push(format!("the branch `{}` is not deleted: {error}", unit.branch));
    }
    Ok((done.outcome, said))
}

/// How often a merge is built again because somebody moved the plan's branch meanwhile.
const MOVED_AT_MOST: u32 = 10;

/// Ensures that two agents never share a worktree. The journal knows of no other agent, but a journal can be deleted while agents
/// run.
pub fn refuse_second_agent(project: &Project, plan: &PlanName, worktree: &Path) -> Result<(), LaunchTrouble> {
    let attempts = (1..).map(|sequence| AttemptId::new(plan, sequence));
    let known = attempts.map(|attempt| (JobFolder::new(project.dir.attempt(&attempt)), attempt));
    for (folder, attempt) in known.take_while(|(folder, _)| folder.path().is_dir()) {
        let here = || folder.job().is_ok_and(|job| job.folder == worktree);
        if matches!(folder.state(), Ok(JobState::Running(_) | JobState::Away(_))) && here() {
            let why =
                format!("{attempt} still works in its worktree, although the journal does not know of it");
            return Err(LaunchTrouble::Refused { why });
        }
    }
    Ok(())
}

/// Waits for a plan's lock, which protects its branch and its lanes.
pub fn alone(lock: &Mutex<()>) -> MutexGuard<'_, ()> {
    // A poisoned lock is fine: every step can be repeated from where another stopped.
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
