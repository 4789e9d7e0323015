//! `orch logs`

use anyhow::Context as _;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use jiff::Timestamp;

use crate::agent::{JobFolder, LogFollower};
use crate::executor::LiveTail;
use crate::plan::PlanName;
use crate::report::NamedLines;
use crate::supervisor::{Project, Situation, follow_far_log};

use crate::cli::call::{CliError, Context, ProgramExit};

/// Print the output of a plan's agent
///
/// Of several plans, each line with the name of its plan. Without a plan: of all that an agent works on.
#[derive(Debug, clap::Args)]
pub struct LogsArgs {
    /// The plans
    #[arg(id = "about", value_name = "PLAN")]
    plans: Vec<String>,
    /// Continue until the attempts end
    #[arg(short, long)]
    follow: bool,
    /// Such as auth-2 [default: the last one]
    #[arg(long)]
    attempt: Option<String>,
    /// Print the log unchanged, with events and control characters
    #[arg(long)]
    raw: bool,
    /// Begin each line with its local time
    #[arg(short, long, conflicts_with = "raw")]
    timestamps: bool,
    /// The plan's last verification instead
    #[arg(long, conflicts_with = "attempt")]
    verify: bool,
}

/// How often `--follow` checks for new output.
const LOOK: Duration = Duration::from_millis(100);

/// Runs the command.
///
/// # Errors
///
/// Returns an error when there is no such plan or attempt.
pub fn run(context: &Context, args: &LogsArgs) -> Result<ProgramExit, CliError> {
    let project = context.project_in_force()?;
    let mut known = None;
    let plans = plans(context, &project, &mut known, args)?;
    if let [_, _, ..] = plans.as_slice()
        && (args.raw || args.attempt.is_some())
    {
        let several = "--raw and --attempt are for one plan, and several are named";
        return Err(CliError::refused(several));
    }
    let terminal = std::io::stdout().is_terminal();
    let columns = plans.iter().map(|plan| plan.as_str().len()).max().unwrap_or(0);
    let mut logs = Vec::new();
    for (number, plan) in plans.iter().enumerate() {
        let lines = match (plans.len(), args.raw) {
            (_, true) => None,
            (1, false) => Some(NamedLines::plain(terminal)),
            (_, false) => Some(NamedLines::named(plan.as_str(), columns, number)),
        };
        let lines = match args.timestamps {
            true => lines.map(NamedLines::timed),
            false => lines,
        };
        let folder = JobFolder::new(folder(&project, &mut known, plan, args)?);
        logs.push(ShownLog {
            log: LogFollower::new(folder.clone(), args.raw),
            far: FarLog::Unknown(folder),
            lines,
            is_open: true,
        });
    }
    while logs.iter().any(|shown| shown.is_open) {
        for shown in logs.iter_mut().filter(|shown| shown.is_open) {
            shown.is_open = shown.pass_on(args.follow).context("cannot pass the log on")?;
        }
        if logs.iter().any(|shown| shown.is_open) {
            std::thread::sleep(LOOK);
        }
    }
    Ok(ProgramExit::Done)
}

/// A log that is shown.
struct ShownLog {
    log: LogFollower,
    far: FarLog,
    lines: Option<NamedLines>,
    is_open: bool,
}

/// The log on the node of an attempt that was handed over. Here it arrives later, with the node's news.
enum FarLog {
    /// No node is known, or the attempt runs here.
    Unknown(JobFolder),
    Followed(LiveTail),
}

impl FarLog {
    /// The new bytes on the node.
    fn read(&mut self, from: u64) -> Vec<u8> {
        if let Self::Unknown(folder) = self
            && let Some(tail) = follow_far_log(folder, from)
        {
            *self = Self::Followed(tail);
        }
        match self {
            Self::Unknown(_) => Vec::new(),
            Self::Followed(tail) => tail.read(),
        }
    }
}

impl ShownLog {
    /// Writes the current output of the log. Returns false when no more output will come.
    fn pass_on(&mut self, follow: bool) -> std::io::Result<bool> {
        let out = anstream::AutoStream::choice(&std::io::stdout());
        let mut stdout = std::io::stdout().lock();
        let log = &mut self.log;
        let Some(lines) = &mut self.lines else {
            let more = log.read(&mut stdout, |_, _| {})? && follow;
            if more {
                log.feed(&self.far.read(log.offset()), &mut stdout)?;
            }
            return stdout.flush().map(|()| more);
        };
        let more = log.read(lines, NamedLines::set_time)? && follow;
        if more {
            let new = self.far.read(log.offset());
            if !new.is_empty() {
                lines.set_time(Timestamp::now());
                log.feed(&new, lines)?;
            }
        }
        match out {
            anstream::ColorChoice::Never => lines.pass_on(!more, &mut anstream::StripStream::new(stdout))?,
            _ => lines.pass_on(!more, &mut stdout)?,
        }
        Ok(more)
    }
}

/// Returns the plans to show: the named ones, else the plan of the current worktree, else all plans with a running agent.
fn plans(
    context: &Context,
    project: &Project,
    known: &mut Option<Situation>,
    args: &LogsArgs,
) -> Result<Vec<PlanName>, CliError> {
    if !args.plans.is_empty() {
        return context.plans(project, &args.plans);
    }
    context
        .one_plan(project, None)
        .map(|plan| vec![plan])
        .or_else(|none| {
            let plans = journal(project, known)?.scheduler.state().plans();
            let at_work: Vec<PlanName> = plans
                .filter(|(_, run)| run.is_at_work())
                .map(|(plan, _)| plan.clone())
                .collect();
            if at_work.is_empty() {
                Err(none)
            } else {
                Ok(at_work)
            }
        })
}

/// Returns the journal's state. Reads it only once.
fn journal<'a>(project: &Project, known: &'a mut Option<Situation>) -> Result<&'a Situation, CliError> {
    Ok(match known {
        Some(known) => known,
        None => known.insert(Situation::of_journal(&project.dir, &project.set)?),
    })
}

/// Returns the folder of the job whose log is shown.
fn folder(
    project: &Project,
    known: &mut Option<Situation>,
    name: &PlanName,
    args: &LogsArgs,
) -> Result<std::path::PathBuf, CliError> {
    if args.verify {
        let merged = project.dir.merge_verification(name);
        return Ok(match merged.is_dir() {
            true => merged,
            false => project.dir.verification(name),
        });
    }
    let history = &journal(project, known)?.scheduler.state().plan(name).history;
    let chosen = match &args.attempt {
        None => history.last(),
        Some(wanted) => history.iter().find(|attempt| attempt.id.as_str() == wanted),
    };
    match (chosen, &args.attempt) {
        (Some(attempt), _) => Ok(project.dir.attempt(&attempt.id)),
        (None, None) => {
            let none = format!("plan `{name}` has had no attempt yet");
            Err(CliError::new(ProgramExit::Nothing, none).with_hint(format!("orch why {name}")))
        }
        (None, Some(wanted)) => {
            let known: Vec<&str> = history.iter().map(|attempt| attempt.id.as_str()).collect();
            Err(
                CliError::refused(format!("plan `{name}` has no attempt `{wanted}`"))
                    .with_hint(format!("it has {}", known.join(", "))),
            )
        }
    }
}
