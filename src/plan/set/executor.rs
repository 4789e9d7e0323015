//! Where attempts run that are handed over to the engine of a cluster.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::plan::ExecutorName;

/// `[executors.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executor {
    /// Its name.
    pub name: ExecutorName,
    /// The engine, and how it is called.
    pub engine: EngineCalls,
    /// The bare repository between this machine and the nodes, as nodes name it.
    pub hub: String,
    /// The same, as this machine names it.
    pub hub_here: String,
    /// A folder on each node's own disk.
    pub scratch: PathBuf,
    /// How long an engine must have said that a job is over before an attempt without an end counts as lost.
    pub settle: Duration,
}

/// An engine, and how it is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EngineCalls {
    /// Slurm's own commands.
    Slurm {
        /// This program, as nodes find it.
        program: String,
        /// Options of `sbatch`.
        options: Vec<String>,
    },
    /// Commands of one's own, with the placeholders of [`ENGINE_PLACEHOLDERS`].
    Command {
        /// Hands a job over, and prints the engine's name of the job last.
        submit: Vec<String>,
        /// Prints the jobs that the engine has.
        list: Vec<String>,
        /// Ends a job.
        cancel: Vec<String>,
    },
}

/// What the commands of an engine may name.
pub const ENGINE_PLACEHOLDERS: &[&str] = &["payload_file", "name", "token", "minutes", "job", "how"];
