//! The output of `orch check`.

use serde::Serialize;

use crate::journal::SCHEMA;
use crate::plan::{Diagnostics, Lint, LintId, LintPlace};
use crate::supervisor::Examination;

use crate::cli::call::{CliError, output};

/// The output of `orch check --json`.
#[derive(Debug, Serialize)]
struct CheckOutput<'a> {
    schema: u32,
    ok: bool,
    #[serde(rename = "faults")]
    diagnostics: &'a Diagnostics,
    /// The warnings. Left out when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning<'a>>,
}

/// A lint in `orch check --json`, with the same field names as a fault.
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

/// Prints all findings as one object.
pub(super) fn print_json(diagnostics: &Diagnostics, lints: &[Lint]) -> Result<(), CliError> {
    output::json(&CheckOutput {
        schema: SCHEMA,
        ok: diagnostics.0.is_empty(),
        diagnostics,
        warnings: lints.iter().map(Warning::of).collect(),
    })
}

/// Returns the last line of a check without errors.
pub(super) fn summary(found: &Examination) -> String {
    let plans = &found.set().plans;
    let phases: usize = plans.iter().map(|plan| plan.document.phases.len()).sum();
    let tasks: usize = plans.iter().map(|plan| plan.document.tasks().count()).sum();
    format!(
        "ok: {}, {}, {}\n",
        output::count(plans.len(), "plan"),
        output::count(phases, "phase"),
        output::count(tasks, "task")
    )
}
