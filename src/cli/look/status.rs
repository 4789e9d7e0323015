//! `orch status`

use std::time::{Duration, Instant};

use crate::journal::JournalMark;
use crate::plan::PlanName;
use crate::report::{disk_text, one_plan, output_columns, output_terminal, table};
use crate::supervisor::{Depth, PlanView, Project, Situation, StatusView, disk_use};

use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Show all plans, or one plan in detail
///
/// One plan is shown with its phases, tasks and attempts.
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// Only this plan
    #[arg(id = "about", value_name = "PLAN")]
    plan: Option<String>,
    /// Show every change until interrupted
    #[arg(short, long)]
    watch: bool,
}

/// How often `--watch` checks for new entries.
const LOOK: Duration = Duration::from_millis(250);
/// How often ages are redrawn.
const REDRAW: Duration = Duration::from_secs(1);

/// Runs the command.
///
/// # Errors
///
/// Returns an error when the manifest is invalid, or the journal cannot be read.
pub fn run(context: &Context, args: &StatusArgs) -> Result<ProgramExit, CliError> {
    let project = context.project_in_force()?;
    let plan = args
        .plan
        .as_ref()
        .or(context.plan.as_ref())
        .map(|name| context.named(&project, name))
        .transpose()?;
    let shown = show(context, &project, plan.as_ref())?;
    if !args.watch {
        // The program ends here, so there is no need to drop these values piece by piece.
        std::mem::forget((shown, project));
        return Ok(ProgramExit::Done);
    }
    // On a terminal, ages are redrawn even when nothing happens. A file or a script gets only news.
    let terminal = output_terminal().is_some() && !context.json;
    let mut seen = JournalMark::now(&project.dir)?;
    let mut shown = Instant::now();
    loop {
        std::thread::sleep(LOOK);
        let now = JournalMark::now(&project.dir)?;
        if now != seen || (terminal && shown.elapsed() > REDRAW) {
            seen = now;
            shown = Instant::now();
            if terminal {
                output::text("\x1b[H\x1b[2J")?;
            }
            show(context, &project, plan.as_ref())?;
        }
    }
}

/// Prints the status. Returns the values that it was printed from.
fn show(
    context: &Context,
    project: &Project,
    plan: Option<&PlanName>,
) -> Result<(Situation, StatusView), CliError> {
    let situation = Situation::look(project)?;
    let depth = if context.json || plan.is_some() {
        Depth::Worktrees
    } else {
        Depth::Table
    };
    let mut view: StatusView = situation.view(project, depth)?;
    print(context, project, plan, &situation, &mut view)?;
    Ok((situation, view))
}

fn print(
    context: &Context,
    project: &Project,
    plan: Option<&PlanName>,
    situation: &Situation,
    view: &mut StatusView,
) -> Result<(), CliError> {
    if context.json {
        if let Some(name) = plan {
            view.plans.retain(|shown| &shown.name == name);
        }
        if !context.verbose {
            return output::json(view);
        }
        let mut view = serde_json::to_value(view).unwrap_or_default();
        let used = disk_use(project, situation.scheduler.state());
        view["disk"] = serde_json::to_value(used).unwrap_or_default();
        return output::json(&view);
    }
    match plan {
        None if context.verbose => {
            let used = disk_use(project, situation.scheduler.state());
            output::text(&format!(
                "{}\n{}",
                table(view, output_columns()),
                disk_text(&used)
            ))
        }
        None => output::text(&table(view, output_columns())),
        Some(name) => {
            let shown: Option<&PlanView> = view.plans.iter().find(|shown| &shown.name == name);
            output::text(&shown.map(one_plan).unwrap_or_default())
        }
    }
}
