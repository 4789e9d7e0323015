//! Starting an agent: merge in what it builds on, render its prompt, prepare its folder, start its runner.

use std::collections::BTreeMap;
use std::path::Path;

use crate::agent::{JobFolder, Runner};
use crate::git::{
    self, MergeInError, MergedIn, UnitError, WorktreeAdmin, again_if_killed, begin_log, clear_dead_locks_of,
    git_dir_of, head_of, merge_in, remove_pipes, stamp, undo_cut_step,
};
use crate::journal::Mark;
use crate::plan::{CommitId, ItemId, Plan, PlanName, Point, RunId, TaskId, TaskState, UnitId, WorkRef};
use crate::schedule::{Event, Launch, LaunchTrouble};
use crate::status;

use super::call::{AgentCall, Surroundings, goes_on};
use super::hand_over::HandOver;
use super::remains::told_of_pipe;
use super::unit::nobody_else_works;
use crate::supervisor::brief::assignment::assignment;
use crate::supervisor::brief::prompt;
use crate::supervisor::brief::stop_hook::claude_settings_file;
use crate::supervisor::perform::tree::own_folder;
use crate::supervisor::project::environment;
use crate::supervisor::project::repository_plans::Project;

/// A started agent: the event that says so, and the runner to wait for.
#[derive(Debug)]
pub struct Launched {
    /// `agent.started`.
    pub event: Event,
    /// Its runner.
    pub runner: Runner,
    /// What a person should know of the start.
    pub said: Vec<String>,
}

/// What is known of a plan's tasks when an agent starts on it.
#[derive(Clone)]
pub struct TasksKnown<'a> {
    /// The state of each.
    pub states: &'a dyn Fn(&ItemId) -> TaskState,
    /// The work of other plans that each still waits for.
    pub waits: BTreeMap<TaskId, Vec<String>>,
}

/// Starts the agent once the journal is on the disk up to this mark, or says why not.
///
/// # Errors
///
/// The event `agent.refused`.
pub fn launch(
    project: &Project,
    admin: &WorktreeAdmin,
    worktree: &Path,
    order: &Launch,
    run: RunId,
    known: TasksKnown<'_>,
    mark: &Mark,
) -> Result<Launched, Box<Event>> {
    let launched = again_if_killed(Result::is_ok, || {
        start(project, admin, worktree, order, run, known.clone(), mark)
    });
    launched.map_err(|why| {
        Box::new(Event::AgentRefused {
            plan: order.plan.clone(),
            attempt: order.attempt.clone(),
            why,
        })
    })
}

fn start(
    project: &Project,
    admin: &WorktreeAdmin,
    worktree: &Path,
    order: &Launch,
    run: RunId,
    known: TasksKnown<'_>,
    mark: &Mark,
) -> Result<Launched, LaunchTrouble> {
    let failed = |error: &dyn std::fmt::Display| LaunchTrouble::Failed {
        why: error.to_string(),
    };
    let refused = |error: &dyn std::fmt::Display| LaunchTrouble::Refused {
        why: error.to_string(),
    };
    let plan = project
        .plan(&order.plan)
        .ok_or_else(|| refused(&"the plan is not in the manifest any more"))?;
    let agent = project.set.agents.get(&order.agent).ok_or_else(|| {
        refused(&format!(
            "the agent `{}` is not in the manifest any more",
            order.agent
        ))
    })?;
    let branch = match order.place.branch_of {
        Some(unit) => project.unit_branch(plan, unit),
        None => plan.branch.clone(),
    };
    let pipes = remove_pipes(worktree, project.repo.common_dir(), &branch).map_err(|error| failed(&error))?;
    if !git::is_checkout(worktree) {
        let why = format!("its worktree {} is gone", worktree.display());
        return Err(LaunchTrouble::Lost { why });
    }
    nobody_else_works(project, &order.plan, worktree)?;
    clear_dead_locks_of(worktree, project.repo.common_dir()).map_err(|error| failed(&error))?;
    undo_cut_step(worktree).map_err(|error| failed(&error))?;
    git::worktree::hide(admin, agent.known.map_or(&[], |known| known.litter))
        .map_err(|error| failed(&error))?;
    let mut said: Vec<String> = pipes.iter().map(|file| told_of_pipe(file)).collect();
    said.extend(match order.place.branch_of {
        Some(unit) => super::unit::enter(project, admin, plan, &order.place, unit)?,
        None => put_back(admin, plan, worktree)?,
    });
    for (from, commit) in &order.dependencies {
        said.extend(merge_dependency_in(project, worktree, &branch, from, commit)?);
    }
    // The one before it may have left the worktree on a branch of its own.
    let head = match project.repo.branch_tip(&branch) {
        Ok(Some(tip)) => tip,
        Ok(None) | Err(_) => head_of(worktree).map_err(|error| failed(&error))?,
    };
    begin_log(worktree, &branch, &head).map_err(|error| failed(&error))?;
    let states = known.states;
    match order.place.branch_of {
        Some(_) => status::prepare_lane(worktree, &plan.name, &plan.document, states),
        None => status::prepare_again(worktree, &plan.name, &plan.document, states),
    }
    .map_err(|error| failed(&error))?;
    assignment(project, plan, worktree, states, known.waits)
        .write(worktree)
        .map_err(|error| failed(&error))?;

    // What the prompt tells need not be told again.
    let told = order.inbox.last().map_or(0, |message| message.id);
    status::deliver(worktree, &order.inbox)
        .and_then(|()| status::mark_read(worktree, told))
        .map_err(|error| failed(&error))?;
    let folder = JobFolder::new(project.dir.attempt(&order.attempt));
    let prompt_file = folder.prompt();
    let text = if agent.runs_prompt() {
        // The prompt is a program: it is given as it was written.
        plan.document.text.clone()
    } else {
        let given = prompt::Given {
            goes_on: goes_on(agent, order),
            ..order.into()
        };
        prompt::render(project, plan, worktree, &given, states).map_err(|error| refused(&error))?
    };
    let mut variables = environment::for_lane(project, plan, order.place.lane, worktree);
    let mut phases: Vec<String> = order.units.iter().map(|unit| unit.phase().to_string()).collect();
    phases.dedup();
    let tasks = order.units.iter().filter_map(|unit| match unit {
        UnitId::Task(task) => Some(task.to_string()),
        UnitId::Phase(_) => None,
    });
    variables
        .set("ORCH_PHASE", phases.join(","))
        .set("ORCH_TASK", tasks.collect::<Vec<_>>().join(","))
        .set("ORCH_BRANCH", branch.as_str())
        .set("ORCH_ATTEMPT", order.attempt.as_str())
        .set("ORCH_RUN", run.to_string())
        .set("ORCH_PROMPT_FILE", prompt_file.to_string_lossy());
    let around = Surroundings {
        plan,
        branch: &branch,
        worktree,
        git_dir: git_dir_of(worktree).map_err(|error| failed(&error))?,
        git_common_dir: project.repo.common_dir(),
        prompt_file: &prompt_file,
        prompt: &text,
        settings_file: claude_settings_file(folder.path()),
    };
    let call = AgentCall::new(agent, order, &around).map_err(|error| refused(&error))?;
    let over = HandOver {
        mark: Some(mark),
        attempt: &order.attempt,
        worktree,
        head: &head,
        prompt: &text,
        timeout: order.timeout,
        grace: plan.attempts.grace,
        hides_git_config: agent.known.is_some_and(|known| known.hides_git_config),
    };
    let runner = over
        .begin(project, folder, call, variables)
        .map_err(|error| failed(&error))?;
    let event = Event::AgentStarted {
        plan: order.plan.clone(),
        attempt: order.attempt.clone(),
        pid: runner.process().pid,
        head: Some(head),
    };
    Ok(Launched { event, runner, said })
}

/// Puts the worktree back on its plan's branch, should the attempt before have left it elsewhere.
fn put_back(admin: &WorktreeAdmin, plan: &Plan, worktree: &Path) -> Result<Vec<String>, LaunchTrouble> {
    let put = git::unit::put_back(admin, worktree, plan.name.as_str(), &plan.branch, &stamp());
    match put {
        Ok(backups) => Ok(super::unit::backed_up(&backups.unwrap_or_default())),
        Err(UnitError::Git(error)) => Err(LaunchTrouble::Failed {
            why: error.to_string(),
        }),
        Err(error) => Err(LaunchTrouble::Refused {
            why: error.to_string(),
        }),
    }
}

/// Merges what another plan made into the branch, before the agent starts.
/// Gives what a person should know of it.
fn merge_dependency_in(
    project: &Project,
    worktree: &Path,
    branch: &str,
    from: &WorkRef,
    commit: &CommitId,
) -> Result<Option<String>, LaunchTrouble> {
    let what = match from.point {
        Point::Plan => from.plan.to_string(),
        Point::Phase(phase) => format!("{} (phase {phase})", from.plan),
        Point::Task(task) => format!("{} (task {task})", from.plan),
    };
    let message = format!("Merge {what} into {branch}");
    let failed = |error: &dyn std::fmt::Display| LaunchTrouble::Failed {
        why: error.to_string(),
    };
    let there = head_of(worktree).and_then(|head| project.repo.is_ancestor(commit, &head));
    if there.map_err(|error| failed(&error))? {
        return Ok(None);
    }
    let without = own_folder::fit(project, commit).map_err(|error| failed(&error))?;
    let told = without.is_some().then(|| {
        format!("what {what} has committed of `.orch/` was not carried into {branch}: it is orch's own")
    });
    match merge_in(worktree, without.as_ref().unwrap_or(commit), &message) {
        Ok(MergedIn::UpToDate | MergedIn::FastForward(_) | MergedIn::Merged(_)) => Ok(told),
        Ok(MergedIn::Conflict { files }) => Err(LaunchTrouble::Conflict {
            with: PlanName::clone(&from.plan),
            files: files
                .iter()
                .map(|file| file.to_string_lossy().into_owned())
                .collect(),
        }),
        Err(
            error @ (MergeInError::Dirty { .. }
            | MergeInError::InProgress { .. }
            | MergeInError::InTheWay { .. }),
        ) => Err(LaunchTrouble::Refused {
            why: error.to_string(),
        }),
        Err(MergeInError::Git(error)) => Err(LaunchTrouble::Failed {
            why: error.to_string(),
        }),
    }
}
