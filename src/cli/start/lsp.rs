//! `orch lsp`

use anyhow::Context as _;

use crate::cli::call::{CliError, Context, ProgramExit};
use crate::lsp;

/// Serve an editor over standard input and output
///
/// Speaks the Language Server Protocol, for plans.toml and the documents it names.
#[derive(Debug, clap::Args)]
pub struct LspArgs {
    /// As many editors pass it; there is no other way
    #[arg(long, hide = true)]
    stdio: bool,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when the editor cannot be answered.
pub fn run(context: &Context, _: &LspArgs) -> Result<ProgramExit, CliError> {
    let manifest = context.manifest.as_ref().map(std::path::absolute).transpose();
    let manifest = manifest.context("cannot resolve the manifest's path")?;
    match lsp::serve(context.dir.clone(), manifest).context("cannot answer the editor")? {
        0 => Ok(ProgramExit::Done),
        _ => Ok(ProgramExit::Trouble),
    }
}
