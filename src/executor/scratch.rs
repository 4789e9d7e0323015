//! The place of attempts on a node's own disk.

use std::path::PathBuf;

use crate::plan::Executor;

/// The folder below which each repository of this person has one on a node.
pub fn scratch_home(executor: &Executor) -> PathBuf {
    let user = rustix::process::geteuid().as_raw();
    executor.scratch.join(format!("orch-{user}"))
}
