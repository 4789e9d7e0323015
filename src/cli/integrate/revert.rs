//! `orch revert`

use std::fmt::Write;

use crate::plan::PlanName;
use crate::supervisor::{Reverted, revert};

use crate::cli::call::asking::refuse_agents;
use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Take a landed plan off the target again
///
/// With one commit, which is verified like any other.
#[derive(Debug, clap::Args)]
pub struct RevertArgs {
    /// The plan
    #[arg(id = "about", value_name = "PLAN")]
    plan: Option<String>,
    /// Take back landed plans built on it too
    #[arg(long)]
    with_dependents: bool,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when the manifest is invalid, the plan has not landed, other plans were built on it, or the repository
/// cannot be read.
pub fn run(context: &Context, args: &RevertArgs) -> Result<ProgramExit, CliError> {
    refuse_agents("reverts plans")?;
    let project = context.project_to_end()?;
    let name = context.one_plan(&project, args.plan.as_deref())?;
    match revert(&project, &name, args.with_dependents)? {
        Ok(done) if context.json => output::json(&done)?,
        Ok(done) => output::text(&text(&done))?,
        Err(refused) => {
            let error = CliError::refused(refused.why);
            return Err(match refused.hint {
                Some(hint) => error.with_hint(hint),
                None => error,
            });
        }
    }
    Ok(ProgramExit::Done)
}

fn text(done: &Reverted) -> String {
    let names = |plans: &[PlanName]| plans.iter().map(PlanName::as_str).collect::<Vec<_>>().join(", ");
    let mut out = format!("taken back: {}\n", names(&done.plans));
    if let (Some(before), Some(after)) = (&done.before, &done.after) {
        let _ = writeln!(out, "{}: {} -> {}", done.target, before.short(), after.short());
    }
    if !done.built_on.is_empty() {
        let _ = writeln!(
            out,
            "built on it, and not on the target: {}",
            names(&done.built_on)
        );
    }
    for warning in &done.warnings {
        let _ = writeln!(out, "warning: {warning}");
    }
    out
}
