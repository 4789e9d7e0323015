//! `orch check`

use crate::plan::Diagnostics;
use crate::report::{broken, output_terminal};
use crate::supervisor::{self, ManifestReading, SourceFiles};

use super::check_output::{print_json, summary};
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

/// Runs the command.
///
/// # Errors
///
/// Returns an error with all diagnostics.
pub fn run(context: &Context, args: &CheckArgs) -> Result<ProgramExit, CliError> {
    let manifest = context.find_manifest()?;
    if args.watch {
        return check_watch::run(context, &manifest);
    }
    let reading = ManifestReading::of(&manifest, &SourceFiles::default());
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
