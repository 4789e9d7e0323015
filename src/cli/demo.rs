//! `orch demo`
use super::{CliError, Context, Exit};
/// Make a small repository with three plans and run it all; no network, no key
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    dir: Option<std::path::PathBuf>,
}
pub fn run(_: &Context, _: &DemoArgs) -> Result<Exit, CliError> {
    Ok(Exit::Done)
}
