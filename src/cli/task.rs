//! `orch task`
use super::{CliError, Context, Exit};
/// Read and report tasks
#[derive(Debug, clap::Args)]
pub struct TaskArgs {
    what: Vec<String>,
}
pub fn run(_: &Context, _: &TaskArgs) -> Result<Exit, CliError> {
    Ok(Exit::Done)
}
