//! A person who takes an agent's place without a supervisor, and the setup of the person's program.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crate::agent::{JOB_VARIABLE, JobFolder, Runner};
use crate::git::WorktreeAdmin;
use crate::journal::Record;
use crate::plan::{Plan, PlanName};
use crate::schedule::{
    AttachBegan, AttachEnded, AttemptRecord, Event, LaunchTrouble, PersonFact, Scheduler, WorkPlace, attach,
};
use crate::supervisor::brief::mcp_config::McpConfig;
use crate::supervisor::perform::attempt::attach_call::{conversation_line, shell};
use crate::supervisor::perform::attempt::call::environment_of;
use crate::supervisor::perform::attempt::unit::{enter, note_again};
use crate::supervisor::project::environment;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::orphans::GRACE;
use crate::supervisor::project::recording::record;
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::view::spent_view::facts_of;
use crate::words::RefusalText;

/// Records that a person takes over while no supervisor is running. `None` when another process locks the repository meanwhile.
///
/// # Errors
///
/// When the journal cannot be read or written.
pub fn record_attach(
    project: &Project,
    began: &AttachBegan,
) -> Result<Option<Result<Vec<Record>, RefusalText>>, SupervisorError> {
    record(project, "attach", |scheduler| {
        Ok(attach(scheduler.work(), scheduler.state(), began)?)
    })
}

/// Records that the person has left. A running supervisor notices this by itself.
///
/// # Errors
///
/// When the journal cannot be read or written.
pub fn record_detach(project: &Project, plan: &PlanName, pid: u32) -> Result<bool, SupervisorError> {
    let ended = Event::Person(PersonFact::AttachEnded(AttachEnded {
        plan: plan.clone(),
        pid,
    }));
    let recorded = record(project, "attach", |scheduler| {
        let attached = scheduler.state().plan(plan).hands.attached.as_ref();
        let there = attached.is_some_and(|attached| attached.pid == pid);
        Ok(if there { vec![ended] } else { Vec::new() })
    })?;
    Ok(recorded.is_some())
}

/// Ends every agent of the plan that outlived its supervisor. Without a supervisor nobody else will.
///
/// # Errors
///
/// When the folder of an attempt cannot be read.
pub fn end_agents(project: &Project, scheduler: &Scheduler, plan: &PlanName) -> Result<(), SupervisorError> {
    for attempt in scheduler.state().plan(plan).attempts.values() {
        let folder = JobFolder::new(project.dir.attempt(&attempt.id));
        if let Some(runner) = Runner::adopt(folder)? {
            runner.hold().stop(false);
            runner.wait()?;
        }
    }
    Ok(())
}

/// Ends the orphans of the person's program.
pub fn end_leftover(project: &Project, plan: &PlanName) {
    Runner::sweep_anyway(&JobFolder::new(project.dir.attached(plan)), GRACE);
}

/// Puts the worktree of an attempt on the branch of its phase or task, where that has a branch of its own and is not done. Returns
/// warnings.
///
/// # Errors
///
/// Why that cannot be done.
pub fn enter_branch(
    project: &Project,
    scheduler: &Scheduler,
    plan: &Plan,
    record: &AttemptRecord,
) -> Result<Vec<String>, String> {
    let run = scheduler.state().plan(&plan.name);
    let unit = record.units.first().copied();
    let Some(unit) = unit.filter(|unit| run.by_units && !run.is_unit_done(*unit)) else {
        return Ok(Vec::new());
    };
    let place = WorkPlace {
        lane: record.lane,
        branch_of: Some(unit),
        fresh: run.tries_of(Some(unit), false).fresh,
    };
    note_again(project, plan, unit)?;
    let admin = WorktreeAdmin::new(&project.repo);
    enter(project, &admin, plan, &place, unit).map_err(|trouble| match trouble {
        LaunchTrouble::Refused { why } | LaunchTrouble::Failed { why } | LaunchTrouble::Lost { why } => why,
        LaunchTrouble::Conflict { with, .. } => with.to_string(),
    })
}

/// A program for a person, with its variables.
#[derive(Debug)]
pub struct AttachCommand {
    /// Program and arguments.
    pub line: Vec<String>,
    /// Environment variables, beside those of the person.
    pub variables: Vec<(String, String)>,
}

impl AttachCommand {
    fn new(line: Vec<String>, variables: BTreeMap<String, String>) -> Self {
        let variables = variables.into_iter().collect();
        Self { line, variables }
    }
}

/// The program that continues an attempt's conversation, in its worktree, with the environment of the agent and of its account, and
/// with the tools that the agent has. The program is no attempt of `orch`: its reports count as a person's.
///
/// # Errors
///
/// When the file that announces the tools cannot be written.
pub fn attach_command(
    project: &Project,
    plan: &Plan,
    record: &AttemptRecord,
    worktree: &Path,
) -> io::Result<AttachCommand> {
    let folder = project.dir.attached(&plan.name);
    let mut variables = environment::for_lane(project, plan, record.lane, worktree).into_map();
    variables.insert(JOB_VARIABLE.to_owned(), folder.to_string_lossy().into_owned());
    let session = facts_of(project, record).session;
    let Some(agent) = project.set.agents.get(&record.agent) else {
        return Ok(AttachCommand::new(shell(), variables));
    };
    let account = record.account.as_deref().and_then(|name| agent.account(name));
    variables.extend(environment_of(agent, account));
    let Some(mut line) = conversation_line(project, agent, session.as_deref(), worktree) else {
        return Ok(AttachCommand::new(shell(), variables));
    };
    let known = agent.known.filter(|_| agent.mcp);
    if let Some(config) =
        known.and_then(|known| McpConfig::of(known.name, &project.program, &variables, &folder))
    {
        let (name, value) = config.variable.clone().unzip();
        variables.extend(name.map(str::to_owned).zip(value));
        config.apply(&mut line)?;
    }
    Ok(AttachCommand::new(line, variables))
}
