//! `orch completions`

use clap::CommandFactory;

use super::{Cli, CliError, Context, ProgramExit, output};

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
/// When standard output is closed.
pub fn run(_: &Context, args: &CompletionsArgs) -> Result<ProgramExit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "orch", &mut script);
    output::text(&String::from_utf8_lossy(&script))?;
    Ok(ProgramExit::Done)
}
