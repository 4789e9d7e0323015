//! Why the protocol's folder could not be made, or its status file could not be changed.

use std::path::PathBuf;
use std::time::Duration;

use crate::plan::LONGEST_MESSAGE;

/// Why `.orch/` could not be prepared, or the status file could not be changed. Reading never fails.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// A file or folder could not be made, read or replaced.
    #[error("cannot {verb} {path}: {source}")]
    File {
        /// `make`, `write`, `replace`, `lock`, `move aside`.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Another process holds the lock file.
    #[error("{path} was held by another process for {} s: end that process and run the command again", waited.as_secs())]
    Busy {
        /// The lock file.
        path: PathBuf,
        /// How long orch waited.
        waited: Duration,
    },
    /// Other processes replaced the file each time before orch could replace it.
    #[error("{path} was changed by others {tries} times while it was being updated: run the command again")]
    Contended {
        /// The status file.
        path: PathBuf,
        /// How many times orch tried.
        tries: u32,
    },
    /// There is no such task or sub-task.
    #[error("plan `{plan}` has no task {item}: {hint}")]
    UnknownItem {
        /// The plan.
        plan: String,
        /// The id as given.
        item: String,
        /// The ids that exist, in words.
        hint: String,
    },
    /// `ready` is not for a status file.
    #[error("{item} cannot be reported as `ready`, which follows from what it waits for: report `pending`")]
    Derived {
        /// The task or sub-task.
        item: String,
    },
    /// The questions of an attempt are longer than a message.
    #[error(
        "the questions together have {bytes} bytes, at most {LONGEST_MESSAGE} are asked: end your turn with those that were asked before"
    )]
    LongQuestions {
        /// Their length.
        bytes: usize,
    },
}

impl StatusError {
    pub(in crate::status) fn file(
        verb: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { verb, path, source }
    }
}
