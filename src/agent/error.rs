//! Errors of a job's folder and its processes.

use std::path::PathBuf;

/// Why a job could not be prepared, started, stopped or looked at.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// A file of the job's folder could not be written or read.
    #[error("cannot {verb} {path}: {source}")]
    File {
        /// `write`, `read`, `open`.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of the job's folder has invalid contents.
    #[error("{path} is damaged: {source}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// Another process works in the folder.
    #[error("a runner is at work in {0} already")]
    Busy(PathBuf),
    /// A process could not be started.
    #[error("cannot start the runner {program}: {source}")]
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The kernel refused something the runner needs.
    #[error("the runner cannot {what}: {source}")]
    System {
        /// The action that failed.
        what: &'static str,
        /// Why.
        source: std::io::Error,
    },
}

impl AgentError {
    pub(super) fn file(verb: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { verb, path, source }
    }

    /// The end of a runner's job cannot be waited for.
    pub(super) fn cannot_wait(source: std::io::Error) -> Self {
        Self::System {
            what: "be waited for",
            source,
        }
    }
}
