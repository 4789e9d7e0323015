//! The job of a runner.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::plan::{CommitId, StopSignal};

use super::{OutputReading, ProcessId};

/// A command with its surroundings and limits: `attempt.json`. It is readable by its owner only, because agents may be
/// given secrets in their `env`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The name of the job: the value of `ORCH_ATTEMPT` in the environment of its processes.
    pub tag: String,
    /// Program and arguments; never empty.
    pub argv: Vec<String>,
    /// The folder it starts in.
    pub folder: PathBuf,
    /// Environment on top of what the runner inherits.
    pub env: BTreeMap<String, String>,
    /// What standard input holds.
    pub input: JobInput,
    /// Longest duration; none for no limit.
    pub timeout: Option<Duration>,
    /// From the first signal to KILL.
    pub grace: Duration,
    /// What is sent within that time, one after the other.
    #[serde(default = "term")]
    pub stop: Vec<StopSignal>,
    /// How its output is read.
    #[serde(default)]
    pub reading: OutputReading,
    /// How long it may be kept from working by something that is not its fault before it is ended; none: for ever.
    #[serde(default)]
    pub patience: Option<Duration>,
    /// The commit that it starts from, for counting its commits; kept here because the supervisor may be killed before it records
    /// it.
    #[serde(default)]
    pub head: Option<CommitId>,
    /// The process with which it ends: on a node nobody comes back for a runner whose starter is gone.
    #[serde(default)]
    pub ends_with: Option<ProcessId>,
}

fn term() -> Vec<StopSignal> {
    vec![StopSignal::Term]
}

/// Standard input of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobInput {
    /// Nothing.
    Null,
    /// The contents of a file.
    File(PathBuf),
}
