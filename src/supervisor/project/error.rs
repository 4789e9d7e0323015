//! Errors that end a supervisor, in contrast to errors that end one plan.

use std::path::{Path, PathBuf};

use crate::agent::AgentError;
use crate::git::{GitError, LandRefusal};
use crate::journal::{Holder, JournalError};
use crate::plan::Diagnostics;

/// Why a command that needs the repository and its plans failed.
#[derive(Debug, thiserror::Error)]
pub enum SupervisorError {
    /// There is no manifest.
    #[error("no plans.toml here or in any folder above{}", up_to(top))]
    NoManifest {
        /// The folder where the search ended.
        top: PathBuf,
    },
    /// The manifest cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The manifest or a document is wrong.
    #[error("{0}")]
    Diagnostics(#[from] Diagnostics),
    /// Something in the manifest does not fit this repository.
    #[error("{0}")]
    Unfit(String),
    /// Another process drives the repository.
    #[error("{}", held_by(.0.as_ref()))]
    Held(Option<Holder>),
    /// The process that drives the repository does not answer.
    #[error("{}", silent(*.pid, *.seconds, *.suspended))]
    Silent {
        /// Its process id; `None` when it recorded none.
        pid: Option<u32>,
        /// How long the command waited.
        seconds: u64,
        /// True when somebody has suspended it.
        suspended: bool,
    },
    /// The journal refused.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Git refused.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The target cannot be moved.
    #[error(transparent)]
    Land(#[from] LandRefusal),
    /// A job could not be handled.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The disk is full: neither git nor runners can write.
    #[error("no room is left on the disk of {}", .0.display())]
    DiskFull(PathBuf),
    /// The system refused something that the supervisor needs.
    #[error("cannot {what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// The cause.
        source: std::io::Error,
    },
}

fn up_to(top: &Path) -> String {
    match top.parent() {
        Some(_) => format!(", up to the repository's top ({})", top.display()),
        // There is no repository.
        None => String::new(),
    }
}

fn held_by(holder: Option<&Holder>) -> String {
    match holder {
        Some(Holder { pid, doing }) if doing.is_empty() => {
            format!("process {pid} drives this repository already")
        }
        Some(Holder { pid, doing }) => {
            format!("`orch {doing}` (process {pid}) drives this repository already")
        }
        None => "another orch drives this repository already".to_owned(),
    }
}

fn silent(pid: Option<u32>, seconds: u64, suspended: bool) -> String {
    let who = pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
    let state = if suspended { ": it is suspended" } else { "" };
    format!("the supervisor{who} has not answered for {seconds} s{state}")
}

impl SupervisorError {
    pub(in crate::supervisor) fn system(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::System { what, source }
    }
}

/// Turns an error into text.
pub fn in_words(error: impl std::fmt::Display) -> String {
    error.to_string()
}
