//! `orch man`

use clap::CommandFactory;

use super::{Cli, CliError, Context, Exit, output};

/// Print the manual page in troff, for `man -l -`
#[derive(Debug, clap::Args)]
pub struct ManArgs {}

/// Runs the command.
///
/// # Errors
///
/// When standard output is closed.
pub fn run(_: &Context, _: &ManArgs) -> Result<Exit, CliError> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut page)
        .map_err(CliError::io("write the manual page"))?;
    output::text(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Done)
}
