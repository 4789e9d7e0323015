//! `orch check`

use serde::Serialize;

use crate::journal::SCHEMA;
use crate::plan::{Diagnostics, Lint, LintId, LintPlace};
use crate::report::{broken, output_terminal};
use crate::supervisor::{self, Examination, Files, Reading};

use super::check_watch;
use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Check the manifest and every plan document
///
/// Nothing is created.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Check again on each save, and print what changed
    #[arg(long)]
    watch: bool,
}

/// `orch check --json`
#[derive(Debug, Serialize)]
struct CheckOutput<'a> {
    schema: u32,
    ok: bool,
    #[serde(rename = "faults")]
    diagnostics: &'a Diagnostics,
    /// Warnings; left out when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning<'a>>,
}

/// A lint of `orch check --json`, with the names that faults have.
#[derive(Debug, Serialize)]
struct Warning<'a> {
    id: LintId,
    file: String,
    line: Option<usize>,
    column: Option<usize>,
    message: &'a str,
    hint: Option<&'a str>,
}

impl<'a> Warning<'a> {
    fn of(lint: &'a Lint) -> Self {
        let (file, line, column) = match &lint.place {
            LintPlace::File { file, line, column } => (file.display().to_string(), *line, *column),
            place @ (LintPlace::Pair(..) | LintPlace::Named(_)) => (place.to_string(), None, None),
        };
        Self {
            id: lint.id,
            file,
            line,
            column,
            message: &lint.message,
            hint: lint.hint.as_deref(),
        }
    }
}

/// Prints what was found as one object.
pub(super) fn print_json(diagnostics: &Diagnostics, lints: &[Lint]) -> Result<(), CliError> {
    output::json(&CheckOutput {
        schema: SCHEMA,
        ok: diagnostics.0.is_empty(),
        diagnostics,
        warnings: lints.iter().map(Warning::of).collect(),
    })
}

/// The last line of a check that found no fault.
pub(super) fn summary(found: &Examination) -> String {
    let plans = &found.set.plans;
    let phases: usize = plans.iter().map(|plan| plan.document.phases.len()).sum();
    let tasks: usize = plans.iter().map(|plan| plan.document.tasks().count()).sum();
    format!(
        "ok: {}, {}, {}\n",
        output::count(plans.len(), "plan"),
        output::count(phases, "phase"),
        output::count(tasks, "task")
    )
}

/// Runs the command.
///
/// # Errors
///
/// With every fault that was found.
pub fn run(context: &Context, args: &CheckArgs) -> Result<ProgramExit, CliError> {
    let manifest = context.find_manifest()?;
    if args.watch {
        return check_watch::run(context, &manifest);
    }
    let reading = Reading::of(&manifest, &Files::default());
    match reading.and_then(|reading| supervisor::examine(&context.dir, &manifest, reading)) {
        Ok(found) => {
            if context.json {
                print_json(&Diagnostics::default(), &found.lints)?;
            } else if !context.quiet {
                for warning in &found.lints {
                    output::text(&broken(&format!("warning: {warning}\n"), output_terminal()))?;
                }
                output::text(&summary(&found))?;
            }
            Ok(ProgramExit::Done)
        }
        Err(error) => {
            let error = CliError::from(error);
            match (context.json, error.diagnostics()) {
                (true, Some(diagnostics)) => {
                    print_json(diagnostics, &[])?;
                    Ok(ProgramExit::Usage)
                }
                _ => Err(error),
            }
        }
    }
}
