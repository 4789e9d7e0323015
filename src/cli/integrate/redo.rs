//! `orch redo`

use std::fmt::Write;

use crate::supervisor::{Redone, redo};

use crate::cli::call::asking::refuse_agents;
use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Do a phase and those after it again
///
/// The plan's branch goes back to the commit before the phase. What the branch held is kept as a backup. Stop `orch up` first.
#[derive(Debug, clap::Args)]
pub struct RedoArgs {
    /// auth, or auth.2 and later phases
    #[arg(value_name = "PLAN[.PHASE]")]
    what: String,
    /// Set back the branches of plans that hold its work too
    #[arg(long)]
    dependents: bool,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when the work has not started or has landed, an agent is working on it, other plans were built on it, or
/// the repository cannot be read.
pub fn run(context: &Context, args: &RedoArgs) -> Result<ProgramExit, CliError> {
    refuse_agents("sets branches back")?;
    let project = context.project_in_force()?;
    let (_, what) = context.one_work(&project, Some(&args.what))?;
    let done = redo(&project, &what, args.dependents)??;
    if context.json {
        output::json(&done)?;
    } else {
        output::text(&text(&done))?;
    }
    Ok(ProgramExit::Done)
}

fn text(done: &Redone) -> String {
    let mut out = String::new();
    for plan in &done.plans {
        let phases: Vec<String> = plan.phases.iter().map(ToString::to_string).collect();
        let open = match phases.as_slice() {
            [] => "nothing was done on it".to_owned(),
            phases => format!("open again: {}", phases.join(", ")),
        };
        let stays = plan.before.as_ref() == Some(&plan.after);
        let stands = if stays { "stays at" } else { "is at" };
        let (name, branch, after) = (&plan.name, &plan.branch, plan.after.short());
        let _ = writeln!(out, "{name}: {branch} {stands} {after}; {open}");
        if stays && !plan.phases.is_empty() {
            // The agent worked ahead, or reported work without a commit.
            out += "  the branch did not move: commits of these phases that are on it stay\n";
        }
        for backup in &plan.backups {
            let _ = writeln!(out, "  kept as {backup}");
        }
        for warning in &plan.warnings {
            let _ = writeln!(out, "  warning: {warning}");
        }
    }
    out
}
