//! Errors about a job's folder or its processes.

use std::path::PathBuf;

/// Why a job could not be prepared, started, stopped or inspected.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// A file of the job's folder could not be written or read.
    #[error("cannot {verb} {path}: {source}")]
    File {
        /// `write`, `read` or `open`.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file of the job's folder could not be parsed.
    #[error("{path} is damaged: {source}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The cause.
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
        /// The cause.
        source: std::io::Error,
    },
    /// The kernel refused something that the runner needs.
    #[error("the runner cannot {what}: {source}")]
    System {
        /// The action that failed.
        what: &'static str,
        /// The cause.
        source: std::io::Error,
    },
}

impl AgentError {
    pub(in crate::agent) fn file(
        verb: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { verb, path, source }
    }

    /// The error for a runner whose job cannot be waited for.
    pub(in crate::agent) fn cannot_wait(source: std::io::Error) -> Self {
        Self::System {
            what: "be waited for",
            source,
        }
    }
}
