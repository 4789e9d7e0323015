//! `away.json`: a job that was handed over to another machine.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::plan::{AttemptId, CommitId, Executor, JobNeeds};

/// Where a job was sent, and what is known about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    /// The attempt.
    pub attempt: AttemptId,
    /// The executor at the time of the hand-over: later edits of the manifest do not change this
    /// job.
    pub executor: Executor,
    /// The repository's name on the hub.
    pub repository: String,
    /// Distinguishes this hand-over from all others.
    pub token: String,
    /// The branch that the job works on.
    pub branch: String,
    /// The commit that the job starts from.
    pub head: CommitId,
    /// The local worktree, which follows the branch.
    pub worktree: PathBuf,
    /// The job's time limit in minutes.
    pub minutes: u64,
    /// What the engine is asked for.
    #[serde(default)]
    pub needs: JobNeeds,
    /// When the job was handed over.
    pub handed_at: Timestamp,
    /// True once the job was submitted to the engine, or was about to be.
    #[serde(default)]
    pub submitting: bool,
    /// The engine's name for the job.
    #[serde(default)]
    pub job: Option<String>,
    /// The node that runs it.
    #[serde(default)]
    pub node: Option<String>,
    /// The engine's last answer while the job waited.
    #[serde(default)]
    pub waits: Option<String>,
    /// When its node was last heard, to within some seconds.
    #[serde(default)]
    pub heard: Option<Timestamp>,
    /// Why the job ended, when its agent did not end by itself.
    #[serde(default)]
    pub why: Option<String>,
    /// A person's request to end the job.
    #[serde(default)]
    pub stop: Option<AwayStop>,
    /// Messages of the agent that were received.
    #[serde(default)]
    pub posted: Vec<String>,
}

/// A person's request to end a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwayStop {
    /// True for an end without grace period.
    pub now: bool,
    /// When the request was made.
    pub since: Timestamp,
}

impl Away {
    /// The key of the job on the hub and in the engine.
    pub fn key(&self) -> String {
        format!("{}.{}", self.attempt, self.token)
    }
}
