//! `away.json`: a job that was handed over to another machine.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::plan::{AttemptId, CommitId, Executor};

/// Where a job went, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    /// The attempt.
    pub attempt: AttemptId,
    /// The executor as it was then: an edit of the manifest changes nothing for this job.
    pub executor: Executor,
    /// The repository's name on the hub.
    pub repository: String,
    /// Tells this hand-over from all others.
    pub token: String,
    /// The branch that it works on.
    pub branch: String,
    /// The commit that it begins from.
    pub head: CommitId,
    /// The worktree here, which follows it.
    pub worktree: PathBuf,
    /// The job's time limit in minutes.
    pub minutes: u64,
    /// When it was handed over.
    pub handed_at: Timestamp,
    /// True once the engine was, or was about to be, asked to take it.
    #[serde(default)]
    pub submitting: bool,
    /// The engine's name of the job.
    #[serde(default)]
    pub job: Option<String>,
    /// The node that runs it.
    #[serde(default)]
    pub node: Option<String>,
    /// What the engine said last while the job waited.
    #[serde(default)]
    pub waits: Option<String>,
    /// The wish of a person to end it.
    #[serde(default)]
    pub stop: Option<AwayStop>,
    /// Messages of its agent that were taken in.
    #[serde(default)]
    pub posted: Vec<String>,
}

/// The wish of a person to end a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwayStop {
    /// Without grace.
    pub now: bool,
    /// Since when.
    pub since: Timestamp,
}

impl Away {
    /// By what it is known on the hub and to the engine.
    pub fn key(&self) -> String {
        format!("{}.{}", self.attempt, self.token)
    }
}
