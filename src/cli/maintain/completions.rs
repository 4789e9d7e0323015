//! `orch completions`

use crate::cli::call::{CliError, ProgramExit, output};

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when standard output is closed.
pub fn run(mut program: clap::Command, args: &CompletionsArgs) -> Result<ProgramExit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, "orch", &mut script);
    output::text(&String::from_utf8_lossy(&script))?;
    Ok(ProgramExit::Done)
}
