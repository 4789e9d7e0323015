//! Starting an agent: merge dependencies in, render its prompt, prepare its folder, start its runner.

use std::collections::BTreeMap;
use std::path::Path;

use crate::agent::{Environment, JobFolder, Runner};
use crate::git::{
    self, MergeInError, MergedIn, WorktreeAdmin, again_if_killed, begin_log, clear_dead_locks_of, git_dir_of,
    head_of, merge_in, remove_pipes, stamp, undo_cut_step,
};
use crate::journal::Mark;
use crate::plan::{
    Agent, CommitId, EventFormat, ItemId, Plan, PlanName, Point, RunId, TaskId, TaskState, UnitId, WorkRef,
};
use crate::schedule::{AgentStart, AgentSubmit, Event, Launch, LaunchTrouble};
use crate::status;

use super::call::{AgentCall, Surroundings, continues_conversation};
use super::departure::Departure;
use super::hand_over::HandOver;
use super::remains::pipe_warning;
use super::unit::refuse_second_agent;
use crate::supervisor::brief::assignment::assignment;
use crate::supervisor::brief::prompt;
use crate::supervisor::brief::stop_hook::claude_settings_file;
use crate::supervisor::perform::tree::own_folder;
use crate::supervisor::project::environment;
use crate::supervisor::project::repository_plans::Project;

/// A started agent: the event to record, and the runner to wait for.
#[derive(Debug)]
pub struct Launched {
    /// `agent.started` or `agent.submitted`.
    pub event: Event,
    /// Its runner; `None` when the attempt was handed over to another machine.
    pub runner: Option<Runner>,
    /// Warnings of the start.
    pub said: Vec<String>,
}

/// The most commits of people to list in a prompt.
const MOST_COMMITS: usize = 30;

/// Everything that is needed to start an attempt.
pub struct AttemptStart<'a> {
    /// The repository and its plans.
    pub project: &'a Project,
    /// The worktree administration.
    pub admin: &'a WorktreeAdmin,
    /// Where the agent works.
    pub worktree: &'a Path,
    /// The scheduler's order.
    pub order: &'a Launch,
    /// The run.
    pub run: RunId,
    /// The state of each task of the plan.
    pub states: &'a dyn Fn(&ItemId) -> TaskState,
    /// The work of other plans that each task still waits for.
    pub waits: BTreeMap<TaskId, Vec<String>>,
    /// The agent starts once the journal is on disk up to this mark.
    pub mark: &'a Mark,
}

impl AttemptStart<'_> {
    /// Starts the agent.
    ///
    /// # Errors
    ///
    /// The event `agent.refused`.
    pub fn launch(&self) -> Result<Launched, Box<Event>> {
        let launched = again_if_killed(Result::is_ok, || self.start());
        launched.map_err(|why| {
            Box::new(Event::AgentRefused {
                plan: self.order.plan.clone(),
                attempt: self.order.attempt.clone(),
                why,
            })
        })
    }

    fn start(&self) -> Result<Launched, LaunchTrouble> {
        let (project, worktree, order) = (self.project, self.worktree, self.order);
        let plan = project
            .plan(&order.plan)
            .ok_or_else(|| LaunchTrouble::refused("the plan is no longer in the manifest"))?;
        let agent = project.set.agents.get(&order.agent).ok_or_else(|| {
            LaunchTrouble::refused(format!(
                "the agent `{}` is no longer in the manifest",
                order.agent
            ))
        })?;
        let branch = match order.place.branch_of {
            Some(unit) => project.unit_branch(plan, unit),
            None => plan.branch.clone(),
        };
        let by_people = self.commits_of_people(&branch);
        let said = self.prepare_worktree(plan, agent, &branch)?;
        // The previous attempt may have left the worktree on another branch.
        let head = match project.repo.branch_tip(&branch) {
            Ok(Some(tip)) => tip,
            Ok(None) | Err(_) => head_of(worktree).map_err(LaunchTrouble::failed)?,
        };
        begin_log(worktree, &branch, &head).map_err(LaunchTrouble::failed)?;
        self.write_files(plan)?;
        let folder = JobFolder::new(project.dir.attempt(&order.attempt));
        let prompt_file = folder.prompt();
        let prompt = self.prompt(plan, agent, by_people)?;
        let variables = self.variables(plan, &branch, &prompt_file);
        let executor = project.set.executor(plan, agent);
        // A conversation stays on the machine where it ran.
        let alone = executor.map(|_| Launch {
            conversation: None,
            ..order.clone()
        });
        let order = alone.as_ref().unwrap_or(order);
        let around = Surroundings {
            plan,
            branch: &branch,
            worktree,
            git_dir: git_dir_of(worktree).map_err(LaunchTrouble::failed)?,
            git_common_dir: project.repo.common_dir(),
            prompt_file: &prompt_file,
            prompt: &prompt,
            program: &project.program,
            settings_file: claude_settings_file(folder.path()),
        };
        let call = AgentCall::new(agent, order, &around).map_err(LaunchTrouble::refused)?;
        let over = HandOver {
            mark: Some(self.mark),
            attempt: &order.attempt,
            worktree,
            head: &head,
            prompt: &prompt,
            timeout: order.timeout,
            grace: plan.attempts.grace,
            hides_git_config: agent.known.is_some_and(|known| known.hides_git_config),
            mcp: agent
                .known
                .filter(|_| agent.mcp && agent.events != EventFormat::Acp)
                .map(|known| known.name),
            away: executor.map(|executor| Departure {
                executor,
                needs: project
                    .set
                    .job_needs(executor, plan, order.units.first().map(|unit| unit.phase())),
                branch: &branch,
                setup: plan.setup.line.as_deref(),
                litter: agent.known.map_or(&[], |known| known.litter),
            }),
        };
        let runner = over
            .begin(project, folder, call, variables)
            .map_err(LaunchTrouble::failed)?;
        let event = match (&runner, executor) {
            (None, Some(executor)) => Event::AgentSubmitted(AgentSubmit {
                plan: order.plan.clone(),
                attempt: order.attempt.clone(),
                executor: executor.name.clone(),
                job: None,
                head: Some(head),
            }),
            _ => Event::AgentStarted(AgentStart {
                plan: order.plan.clone(),
                attempt: order.attempt.clone(),
                pid: runner.as_ref().map_or(0, |runner| runner.process().pid),
                head: Some(head),
                node: None,
            }),
        };
        Ok(Launched { event, runner, said })
    }

    /// Puts the worktree on the branch and merges dependencies in. Returns warnings.
    fn prepare_worktree(
        &self,
        plan: &Plan,
        agent: &Agent,
        branch: &str,
    ) -> Result<Vec<String>, LaunchTrouble> {
        let (project, admin, worktree, order) = (self.project, self.admin, self.worktree, self.order);
        let pipes =
            remove_pipes(worktree, project.repo.common_dir(), branch).map_err(LaunchTrouble::failed)?;
        if !git::is_checkout(worktree) {
            let why = format!("its worktree {} is gone", worktree.display());
            return Err(LaunchTrouble::Lost { why });
        }
        refuse_second_agent(project, &order.plan, worktree)?;
        clear_dead_locks_of(worktree, project.repo.common_dir()).map_err(LaunchTrouble::failed)?;
        undo_cut_step(worktree).map_err(LaunchTrouble::failed)?;
        git::worktree::hide(admin, agent.known.map_or(&[], |known| known.litter))
            .map_err(LaunchTrouble::failed)?;
        let mut said: Vec<String> = pipes.iter().map(|file| pipe_warning(file)).collect();
        said.extend(match order.place.branch_of {
            Some(unit) => super::unit::enter(project, admin, plan, &order.place, unit)?,
            None => put_back(admin, plan, worktree)?,
        });
        for (from, commit) in &order.dependencies {
            said.extend(merge_dependency_in(project, worktree, branch, from, commit)?);
        }
        Ok(said)
    }

    /// Writes the agent's report files, its assignment and its messages.
    fn write_files(&self, plan: &Plan) -> Result<(), LaunchTrouble> {
        let (worktree, states) = (self.worktree, self.states);
        match self.order.place.branch_of {
            Some(_) => status::prepare_lane(worktree, &plan.name, &plan.document, states),
            None => status::prepare_again(worktree, &plan.name, &plan.document, states),
        }
        .map_err(LaunchTrouble::failed)?;
        assignment(self.project, plan, worktree, states, self.waits.clone())
            .write(worktree)
            .map_err(LaunchTrouble::failed)?;
        // The prompt contains the messages, so they count as read.
        let read = self.order.inbox.last().map_or(0, |message| message.id);
        status::deliver(worktree, &self.order.inbox)
            .and_then(|()| status::mark_read(worktree, read))
            .map_err(LaunchTrouble::failed)
    }

    /// The commits of people since an agent of the plan last saw the branch; empty where they cannot be determined.
    fn commits_of_people(&self, branch: &str) -> Vec<String> {
        let repo = &self.project.repo;
        let tip = repo.branch_tip(branch).ok().flatten();
        let found = tip.zip(self.order.seen.as_ref());
        let found = found.and_then(|(tip, since)| git::subjects_since(repo, &tip, since, MOST_COMMITS).ok());
        found.unwrap_or_default()
    }

    fn prompt(&self, plan: &Plan, agent: &Agent, by_people: Vec<String>) -> Result<String, LaunchTrouble> {
        if agent.runs_prompt() {
            // The document is a program: it is passed on unchanged.
            return Ok(plan.document.text.clone());
        }
        let given = prompt::Given {
            goes_on: continues_conversation(agent, self.order),
            by_people,
            ..self.order.into()
        };
        prompt::render(self.project, plan, self.worktree, &given, self.states).map_err(LaunchTrouble::refused)
    }

    fn variables(&self, plan: &Plan, branch: &str, prompt_file: &Path) -> Environment {
        let order = self.order;
        let mut variables = environment::for_lane(self.project, plan, order.place.lane, self.worktree);
        let mut phases: Vec<String> = order.units.iter().map(|unit| unit.phase().to_string()).collect();
        phases.dedup();
        let tasks = order.units.iter().filter_map(|unit| match unit {
            UnitId::Task(task) => Some(task.to_string()),
            UnitId::Phase(_) => None,
        });
        variables
            .set("ORCH_PHASE", phases.join(","))
            .set("ORCH_TASK", tasks.collect::<Vec<_>>().join(","))
            .set("ORCH_BRANCH", branch)
            .set("ORCH_ATTEMPT", order.attempt.as_str())
            .set("ORCH_RUN", self.run.to_string())
            .set("ORCH_PROMPT_FILE", prompt_file.to_string_lossy());
        variables
    }
}

/// Puts the worktree back on its plan's branch, in case the previous attempt left it elsewhere.
fn put_back(admin: &WorktreeAdmin, plan: &Plan, worktree: &Path) -> Result<Vec<String>, LaunchTrouble> {
    let put = git::unit::put_back(admin, worktree, plan.name.as_str(), &plan.branch, &stamp());
    let backups = put.map_err(super::unit::trouble)?;
    Ok(super::unit::backed_up(&backups.unwrap_or_default()))
}

/// Merges another plan's work into the branch before the agent starts. Returns warnings.
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
    let there = head_of(worktree).and_then(|head| project.repo.is_ancestor(commit, &head));
    if there.map_err(LaunchTrouble::failed)? {
        return Ok(None);
    }
    let without = own_folder::fit(project, commit).map_err(LaunchTrouble::failed)?;
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
        ) => Err(LaunchTrouble::refused(error)),
        Err(MergeInError::Git(error)) => Err(LaunchTrouble::failed(error)),
    }
}
