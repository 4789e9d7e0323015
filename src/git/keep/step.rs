//! The record of the step that orch is about to run in a worktree. It is written before the step begins, so that
//! leftovers of a killed step are never taken for work.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::git::files::error::GitError;
use crate::git::files::place::replace_file;
use crate::git::state::inspect::git_dir;
use crate::plan::CommitId;

/// The record `orch-step` in the folder that holds HEAD and index of a worktree. While the record exists, nobody else
/// has worked in the worktree: it was clean when the step began, and every difference from the commit is orch's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub(in crate::git) enum StepRecord {
    /// A checkout of another commit.
    CheckOut {
        /// The checked-out commit.
        from: CommitId,
        /// The commit to check out.
        to: CommitId,
    },
    /// A merge into the checked-out commit.
    Merge {
        /// The checked-out commit.
        from: CommitId,
        /// The commit to merge.
        to: CommitId,
    },
}

impl StepRecord {
    pub(in crate::git) fn ends(&self) -> (&CommitId, &CommitId) {
        match self {
            Self::CheckOut { from, to } | Self::Merge { from, to } => (from, to),
        }
    }
}

/// Records the next step.
pub(in crate::git) fn begin(path: &Path, step: &StepRecord) -> Result<(), GitError> {
    let record = record(path)?;
    let text = serde_json::to_vec(step).map_err(|error| GitError::io("write", &record)(error.into()))?;
    replace_file(&record, &text)
}

/// Removes the record: the step is done, or was refused before anything changed.
pub(in crate::git) fn end(path: &Path) -> Result<(), GitError> {
    let record = record(path)?;
    match fs::remove_file(&record) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(GitError::io("remove", &record)(error)),
        _ => Ok(()),
    }
}

/// The path of the record.
pub(in crate::git) fn record(path: &Path) -> Result<PathBuf, GitError> {
    Ok(git_dir(path)?.join("orch-step"))
}
