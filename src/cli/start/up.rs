//! `orch up`

use anyhow::Context as _;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::journal::RepositoryLock;
use crate::plan::{Lint, LintId, PlanName};
use crate::report::{
    JsonLines, PlainLines, ProgressBars, broken, error_is_drawable, error_terminal, next_steps,
    output_columns, summary,
};
use crate::schedule::Ending;
use crate::supervisor::{
    Depth, Goal, Observer, Project, Silent, Situation, StatusView, drive, lints_of_run, with_dependencies,
};

use super::preview;
use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Run plans until all have settled
///
/// After an interruption, run it again: it continues where it was.
#[derive(Debug, clap::Args)]
pub struct UpArgs {
    /// Only these plans and their dependencies
    #[arg(value_name = "PLAN")]
    plans: Vec<String>,
    /// Land every plan as soon as it is finished
    #[arg(long)]
    merge: bool,
    /// Go on while only a person is missing [default: in a terminal]
    #[arg(long, overrides_with = "no_wait")]
    wait: bool,
    /// End when only a person is missing [default: elsewhere]
    #[arg(long)]
    no_wait: bool,
    /// Run in the background and return at once
    #[arg(long)]
    detach: bool,
    /// As `orch preview`
    #[arg(long, conflicts_with = "detach")]
    dry_run: bool,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when the manifest is invalid, agents cannot be started, or another supervisor is running.
pub fn run(context: &Context, args: &UpArgs) -> Result<ProgramExit, CliError> {
    let project = context.project()?;
    let named = context.plans(&project, &args.plans)?;
    if args.dry_run {
        return preview::show(context, &project, &named, args.merge);
    }
    if args.detach {
        return detach(context, &project, args, &named);
    }
    let only = with_dependencies(&project.set, &named);
    if !context.json && !context.quiet {
        std::thread::scope(|scope| {
            // Start git now, because it takes a while. Whoever needs git later reports its errors.
            scope.spawn(|| drop(project.git()));
            warn_of(&project, &only)
        })?;
    }
    let goal = Goal::Up {
        only,
        merge: args.merge,
        wait: args.wait || (!args.no_wait && is_watched(context)),
    };
    let Conducted { exit, view } = conduct(context, &project, &goal)?;
    if let Some(view) = &view {
        output::text(&next_steps(view, &project.target))?;
    }
    // The program ends here, so there is no need to drop the view piece by piece. The project is dropped as usual, because
    // that ends the process that starts runners.
    std::mem::forget(view);
    Ok(exit)
}

/// Returns true when a person sees the board, and so sees what the run waits for.
fn is_watched(context: &Context) -> bool {
    error_is_drawable() && !context.json && !context.quiet
}

/// Prints the warnings for this run.
fn warn_of(project: &Project, only: &[PlanName]) -> Result<(), CliError> {
    let lints = lints_of_run(project, only)?;
    let (overlaps, others): (Vec<&Lint>, Vec<&Lint>) =
        lints.iter().partition(|lint| lint.id == LintId::Overlap);
    for lint in others.into_iter().chain(overlaps.iter().copied().take(NAMED)) {
        warn(&format!("warning: {lint}"));
    }
    let more = overlaps.len().saturating_sub(NAMED);
    if more > 0 {
        warn(&format!(
            "and {more} more groups of plans; `orch preview` names them all"
        ));
    }
    Ok(())
}

/// The number of overlaps that are listed individually.
const NAMED: usize = 5;

/// Prints a warning, wrapped between words on a terminal.
fn warn(said: &str) {
    anstream::eprintln!("{}", broken(said, error_terminal()));
}

/// How a goal ended, and the resulting state.
#[derive(Debug)]
pub struct Conducted {
    /// The exit code for the ending.
    pub exit: ProgramExit,
    /// The view behind the summary, or `None` when no summary was shown.
    pub view: Option<StatusView>,
}

/// Drives a goal to its end, shows its progress, and prints a summary.
///
/// # Errors
///
/// Returns an error when another supervisor is running, or something fails that no plan can be blamed for.
pub fn conduct(context: &Context, project: &Project, goal: &Goal) -> Result<Conducted, CliError> {
    let mut observer = observer(context, project);
    let conclusion = drive(project.clone(), goal, observer.as_mut())?;
    drop(observer);
    let mut shown = None;
    if !context.json {
        let project = project.with(conclusion.set)?;
        let situation = Situation::look(&project)?;
        let view = situation.view(&project, Depth::Branches)?;
        let driven = |plan: &PlanName| match goal {
            Goal::Up { only, .. } => only.is_empty() || only.contains(plan),
            _ => true,
        };
        output::text(&summary(&view, driven, output_columns(), context.quiet))?;
        shown = Some(view);
        // The program ends soon, so there is no need to drop the situation piece by piece.
        std::mem::forget(situation);
    }
    let exit = match conclusion.ending {
        Ending::Settled if conclusion.red => ProgramExit::Trouble,
        Ending::Settled => ProgramExit::Done,
        Ending::NeedsPerson => ProgramExit::Trouble,
        Ending::Interrupted => ProgramExit::Interrupted,
    };
    Ok(Conducted { exit, view: shown })
}

/// Returns the observer of the run: JSON on request, a live board in a terminal, lines elsewhere.
pub fn observer(context: &Context, project: &Project) -> Box<dyn Observer> {
    if context.json {
        Box::new(JsonLines)
    } else if context.quiet {
        Box::new(Silent)
    } else if error_is_drawable() {
        Box::new(ProgressBars::new(&project.set))
    } else {
        Box::new(PlainLines::new(context.verbose, project.set.run.currency))
    }
}

/// Starts the same command again in a new session, and returns once that process holds the repository.
fn detach(
    context: &Context,
    project: &Project,
    args: &UpArgs,
    named: &[PlanName],
) -> Result<ProgramExit, CliError> {
    if let Some(holder) = RepositoryLock::holder(&project.dir)? {
        return Err(crate::supervisor::SupervisorError::Held(holder).into());
    }
    std::fs::create_dir_all(project.dir.path()).context("cannot make the folder .git/orch")?;
    let log = project.dir.path().join("up.log");
    let file = std::fs::File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let copy = file
        .try_clone()
        .with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = Command::new(&project.program);
    command
        .arg("-C")
        .arg(&context.dir)
        .arg("--manifest")
        .arg(&project.manifest)
        .arg("up");
    if args.merge {
        command.arg("--merge");
    }
    if args.wait {
        command.arg("--wait");
    }
    command
        .args(named.iter().map(PlanName::as_str))
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(copy);
    // SAFETY: setsid is async-signal-safe, and nothing else happens between fork and exec.
    unsafe {
        command.pre_exec(|| {
            rustix::process::setsid()?;
            Ok(())
        });
    }
    let mut child = command.spawn().context("cannot start the supervisor")?;
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let ended = child.try_wait().context("cannot watch the supervisor")?;
        let holds = matches!(
            RepositoryLock::holder(&project.dir)?,
            Some(Some(holder)) if holder.pid == child.id()
        );
        if holds {
            output::text(&format!(
                "driving in the background (process {}); `orch status --watch` shows it, `orch down` stops it\n",
                child.id()
            ))?;
            return Ok(ProgramExit::Done);
        }
        if let Some(status) = ended {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            if status.success() {
                output::text(&said)?;
                return Ok(ProgramExit::Done);
            }
            let exit = if status.code() == Some(2) {
                ProgramExit::Usage
            } else {
                ProgramExit::Trouble
            };
            return Err(CliError::new(
                exit,
                format!("the supervisor ended at once:\n{}", said.trim_end()),
            ));
        }
        if Instant::now() > deadline {
            return Err(CliError::new(
                ProgramExit::Trouble,
                "the supervisor has not begun after ten seconds",
            )
            .with_hint(format!("see {}", log.display())));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
