//! `orch conflicts`

use std::fmt::Write;

use crate::supervisor::{Conflicts, Situation, conflicts};

use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Show which branches would conflict
///
/// With each other or with the target, as they stand now.
#[derive(Debug, clap::Args)]
pub struct ConflictsArgs {}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when the manifest is invalid, or the repository cannot be read.
pub fn run(context: &Context, _: &ConflictsArgs) -> Result<ProgramExit, CliError> {
    let project = context.project_in_force()?;
    let mut found = conflicts(&project, &Situation::look(&project)?)?;
    if let Some(plan) = &context.plan {
        let plan = context.named(&project, plan)?;
        let about = |side: &str| side == plan.as_str();
        found.pairs.retain(|pair| about(&pair.a) || about(&pair.b));
    }
    if context.json {
        output::json(&found)?;
    } else {
        output::text(&text(&found))?;
    }
    Ok(if found.pairs.is_empty() {
        ProgramExit::Done
    } else {
        ProgramExit::Trouble
    })
}

fn text(found: &Conflicts) -> String {
    if found.pairs.is_empty() {
        return "no conflicts: the branches as they stand merge with each other and with the target\n"
            .to_owned();
    }
    let mut out = String::new();
    for pair in &found.pairs {
        let _ = writeln!(out, "{} and {}", pair.a, pair.b);
        for file in pair.shown() {
            let _ = writeln!(out, "    {file}");
        }
    }
    out
}
