//! `orch train`

use crate::report::{output_columns, train_table};
use crate::supervisor::{Situation, TrainView};

use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Show what is on its way to the target
///
/// Every finished plan with its place, what it is merged onto, what is done with it now, and why it waits.
#[derive(Debug, clap::Args)]
pub struct TrainArgs {}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when the manifest is invalid, the journal cannot be read, or a supervisor does not answer.
pub fn run(context: &Context, _: &TrainArgs) -> Result<ProgramExit, CliError> {
    let project = context.project_in_force()?;
    let mut view = TrainView::of(&project, &Situation::look(&project)?)?;
    if let Some(plan) = &context.plan {
        let plan = context.named(&project, plan)?;
        view.entries.retain(|entry| entry.plan == plan);
    }
    if context.json {
        output::json(&view)?;
    } else {
        output::text(&train_table(&view, output_columns()))?;
    }
    Ok(ProgramExit::Done)
}
