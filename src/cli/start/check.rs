//! `orch check`

use serde::Serialize;

use crate::journal::SCHEMA;
use crate::plan::{Diagnostics, Lint, LintId, LintPlace};
use crate::report::{broken, output_terminal};
use crate::supervisor;

use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Check the manifest and every plan document
///
/// Nothing is created.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {}

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

/// The plans are in order, and nothing can be done with them here.
fn outside_a_repository(manifest: &std::path::Path) -> Lint {
    let name = manifest.file_name().unwrap_or_default();
    Lint::of_file(LintId::NoRepository, name.as_ref(), "this is no git repository")
        .hint("`git init` and a first commit make it one; `orch up` needs that")
}

/// Runs the command.
///
/// # Errors
///
/// With every fault that was found.
pub fn run(context: &Context, _: &CheckArgs) -> Result<ProgramExit, CliError> {
    // Without a repository a manifest can still be read and checked.
    let loaded = match context.project() {
        Ok(project) => {
            let lints = supervisor::lints(&project)?;
            Ok((project.set, lints))
        }
        Err(error) if error.diagnostics().is_none() => {
            let file = match &context.manifest {
                Some(file) => file.clone(),
                None => supervisor::find_manifest(&context.dir, std::path::Path::new("/"))?,
            };
            match supervisor::load(&file) {
                Ok(set) if context.repository().is_err() => {
                    let mut lints: Vec<Lint> = set.lints().chain([outside_a_repository(&file)]).collect();
                    lints.sort();
                    Ok((set, lints))
                }
                Ok(_) => Err(error),
                Err(diagnostics) => Err(diagnostics.into()),
            }
        }
        Err(error) => Err(error),
    };
    match loaded {
        Ok((set, lints)) => {
            if context.json {
                output::json(&CheckOutput {
                    schema: SCHEMA,
                    ok: true,
                    diagnostics: &Diagnostics::default(),
                    warnings: lints.iter().map(Warning::of).collect(),
                })?;
            } else if !context.quiet {
                for warning in &lints {
                    output::text(&broken(&format!("warning: {warning}\n"), output_terminal()))?;
                }
                let phases: usize = set.plans.iter().map(|plan| plan.document.phases.len()).sum();
                let tasks: usize = set.plans.iter().map(|plan| plan.document.tasks().count()).sum();
                output::text(&format!(
                    "ok: {}, {}, {}\n",
                    output::count(set.plans.len(), "plan"),
                    output::count(phases, "phase"),
                    output::count(tasks, "task")
                ))?;
            }
            Ok(ProgramExit::Done)
        }
        Err(error) => match (context.json, error.diagnostics()) {
            (true, Some(diagnostics)) => {
                output::json(&CheckOutput {
                    schema: SCHEMA,
                    ok: false,
                    diagnostics,
                    warnings: Vec::new(),
                })?;
                Ok(ProgramExit::Usage)
            }
            _ => Err(error),
        },
    }
}
