//! The job of a runner.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::plan::{CommitId, StopSignal};

use crate::agent::jobs::process::ProcessId;
use crate::agent::reader::OutputReading;

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
    /// What standard input contains.
    pub input: JobInput,
    /// The longest duration; `None` for no limit.
    pub timeout: Option<Duration>,
    /// The time between the first signal and KILL.
    pub grace: Duration,
    /// The signals to send within that time, one after the other.
    #[serde(default = "term")]
    pub stop: Vec<StopSignal>,
    /// How the output is read.
    #[serde(default)]
    pub reading: OutputReading,
    /// How long an obstacle that is not the agent's fault may block the command before it is ended; `None` for ever.
    #[serde(default)]
    pub patience: Option<Duration>,
    /// The commit that the job starts from, for counting its commits. It is kept here because the supervisor may be killed before
    /// it records the commit.
    #[serde(default)]
    pub head: Option<CommitId>,
    /// The process with which the job ends. On a node, nobody takes over a runner after its starter is gone.
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
