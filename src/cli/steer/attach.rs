//! `orch attach`

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::agent::{attend, is_scrubbed};
use crate::journal::AttachLock;
use crate::plan::{PlanName, WorkRef};
use crate::schedule::{AttachBegan, AttemptRecord, attempt_to_attach};
use crate::supervisor::{
    AttachCommand, Project, Request, Situation, attach_command, end_agents, end_leftover, enter_branch,
    record_attach, record_detach,
};

use crate::cli::call::asking::{done_or_refused, refuse_agents};
use crate::cli::call::{CliError, Context, ProgramExit};

/// Take an agent's place: open its conversation in the worktree
///
/// The agent's turn is ended, and nothing of the plan begins until you leave. Then your work is judged as an agent's: commit and
/// report (`orch task done`), and what is finished is not given to an agent again. An agent without a conversation gives a shell.
#[derive(Debug, clap::Args)]
pub struct AttachArgs {
    /// The plan, phase or task
    #[arg(value_name = "PLAN[.PHASE[.TASK]]")]
    what: String,
}

/// How often to check for the end of the agent's turn.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Runs the command.
///
/// # Errors
///
/// Returns an error when there is no work to attach to, somebody is already attached, or the program cannot be started.
pub fn run(context: &Context, args: &AttachArgs) -> Result<ProgramExit, CliError> {
    refuse_agents("attaches to an agent's conversation")?;
    let project = context.project_in_force()?;
    let (name, what) = context.one_work(&project, Some(&args.what))?;
    let situation = Situation::look(&project)?;
    let found = found(&situation, &what)?;
    let taken = AttachLock::take(&project.dir, &name);
    let taken = taken.map_err(|error| anyhow::anyhow!("the lock of {name} cannot be taken: {error}"))?;
    let lock = taken.map_err(|holder| {
        let holder = holder.map(|pid| format!(" (process {pid})")).unwrap_or_default();
        CliError::refused(format!("somebody is attached to {name} already{holder}"))
    })?;
    let began = AttachBegan {
        plan: name.clone(),
        lane: found.lane,
        pid: std::process::id(),
        command: found.agent.to_string(),
    };
    done_or_refused(&project.dir, &Request::Attach(began.clone()), || {
        record_attach(&project, &began)
    })?;
    let situation = wait_for_agent(context, &project, &name)?;
    let opened = open(context, &project, &situation, &what);
    end_leftover(&project, &name);
    // Record the end before releasing the lock, if no supervisor does: whoever sees the lock free records the end otherwise.
    let recorded = record_detach(&project, &name, began.pid)?;
    drop(lock);
    opened?;
    if !context.quiet {
        let next = match recorded {
            true => "the next `orch up` judges what you did",
            false => "the supervisor judges what you did",
        };
        anstream::eprintln!("left {name}; {next}");
    }
    Ok(ProgramExit::Done)
}

fn found<'s>(situation: &'s Situation, what: &WorkRef) -> Result<&'s AttemptRecord, CliError> {
    let scheduler = &situation.scheduler;
    Ok(attempt_to_attach(scheduler.work(), scheduler.state(), what)?)
}

/// Waits until no agent of the plan is running. Stops agents that outlived their supervisor.
fn wait_for_agent(context: &Context, project: &Project, plan: &PlanName) -> Result<Situation, CliError> {
    let mut told = context.quiet;
    loop {
        let situation = Situation::look(project)?;
        if !situation.driven {
            end_agents(project, &situation.scheduler, plan)?;
            return Ok(situation);
        }
        if !situation.scheduler.state().plan(plan).is_at_work() {
            return Ok(situation);
        }
        if !told {
            anstream::eprintln!("waiting for the end of its agent's turn");
            told = true;
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

fn open(context: &Context, project: &Project, situation: &Situation, what: &WorkRef) -> Result<(), CliError> {
    let record = found(situation, what)?;
    let run = situation.scheduler.state().plan(&what.plan);
    let (Some(plan), Some(made)) = (project.plan(&what.plan), run.worktrees.get(&record.lane)) else {
        return Err(CliError::refused(format!("the worktree of {what} is gone")));
    };
    let worktree = Path::new(&made.path);
    if !worktree.is_dir() {
        return Err(CliError::refused(format!("its worktree {} is gone", made.path)));
    }
    let warnings = enter_branch(project, &situation.scheduler, plan, record);
    for warning in warnings.map_err(CliError::refused)? {
        anstream::eprintln!("{warning}");
    }
    let command = attach_command(project, plan, record, worktree).map_err(anyhow::Error::from)?;
    let AttachCommand { line, variables } = command;
    let words = line.join(" ");
    let Some((program, arguments)) = line.split_first() else {
        return Err(CliError::refused(format!(
            "the agent {} has no program",
            record.agent
        )));
    };
    if !context.quiet {
        anstream::eprintln!(
            "{what}: {words}, in {}; leave it to hand the plan back",
            made.path
        );
    }
    let mut command = Command::new(program);
    command.args(arguments).current_dir(worktree);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_scrubbed) {
            command.env_remove(name);
        }
    }
    command.envs(variables);
    let ended = attend(command);
    let status =
        ended.map_err(|error| CliError::refused(format!("`{program}` cannot be started: {error}")))?;
    if !status.success() && !context.quiet {
        anstream::eprintln!("`{program}` ended with {status}");
    }
    Ok(())
}
