//! `away.json`: a job that was handed over to another machine.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::plan::{AttemptId, CommitId, Executor};

/// The destination of a job, and what is known about the job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    /// The attempt.
    pub attempt: AttemptId,
    /// The executor at the time of the hand-over: an edit of the manifest changes nothing for this job.
    pub executor: Executor,
    /// The repository's name on the hub.
    pub repository: String,
    /// Identifies this hand-over.
    pub token: String,
    /// The branch that the job works on.
    pub branch: String,
    /// The commit that the job begins from.
    pub head: CommitId,
    /// The local worktree, which follows the job.
    pub worktree: PathBuf,
    /// The job's time limit in minutes.
    pub minutes: u64,
    /// When the job was handed over.
    pub handed_at: Timestamp,
    /// True once the engine was asked to take the job, or was about to be asked.
    #[serde(default)]
    pub submitting: bool,
    /// The engine's name of the job.
    #[serde(default)]
    pub job: Option<String>,
    /// The node that runs it.
    #[serde(default)]
    pub node: Option<String>,
    /// The engine's latest reason for a job that waits.
    #[serde(default)]
    pub waits: Option<String>,
    /// A person's request to end the job.
    #[serde(default)]
    pub stop: Option<AwayStop>,
    /// Messages of the job's agent that were taken in.
    #[serde(default)]
    pub posted: Vec<String>,
}

/// A person's request to end a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwayStop {
    /// True for an end without grace.
    pub now: bool,
    /// When the request was made.
    pub since: Timestamp,
}

impl Away {
    /// The name of the attempt on the hub and for the engine.
    pub fn key(&self) -> String {
        format!("{}.{}", self.attempt, self.token)
    }
}
