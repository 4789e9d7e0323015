//! Executors: attempts are handed over to the engine of a cluster.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::plan::{ExecutorName, JobNeeds};

/// `[executors.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executor {
    /// Its name.
    pub name: ExecutorName,
    /// The engine, and how to call it.
    pub engine: EngineCalls,
    /// The bare repository between this machine and the nodes, under the name that nodes use.
    pub hub: String,
    /// The same repository, under the name that this machine uses.
    pub hub_here: String,
    /// How many attempts it is given at once.
    #[serde(default)]
    pub slots: usize,
    /// A folder on each node's own disk.
    pub scratch: PathBuf,
    /// How long an engine must have reported a job as over before an attempt without an end counts as lost.
    pub settle: Duration,
    /// How fast jobs are submitted at most.
    #[serde(default)]
    pub submit_rate: SubmitRate,
    /// How long nothing may be heard from a node before people are told.
    #[serde(default = "silent_after")]
    pub silent_after: Duration,
    /// What the engine is asked for, where plan and phase do not say otherwise.
    #[serde(default)]
    pub needs: JobNeeds,
}

/// How many jobs may be submitted within a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitRate {
    /// That many.
    pub count: u32,
    /// In any such time.
    pub per: Duration,
}

impl Default for SubmitRate {
    fn default() -> Self {
        Self {
            count: 60,
            per: Duration::from_secs(60),
        }
    }
}

impl FromStr for SubmitRate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no rate: write \"60/min\", or with `s` or `h`");
        let (count, unit) = text.split_once('/').ok_or_else(wrong)?;
        let seconds = match unit.trim() {
            "s" => 1,
            "min" => 60,
            "h" => 60 * 60,
            _ => return Err(wrong()),
        };
        let count = count.trim().parse().ok().filter(|count| *count > 0);
        Ok(Self {
            count: count.ok_or_else(wrong)?,
            per: Duration::from_secs(seconds),
        })
    }
}

/// The usual [`Executor::silent_after`].
pub const fn silent_after() -> Duration {
    Duration::from_secs(3 * 60)
}

/// An engine, and how to call it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EngineCalls {
    /// Slurm's own commands.
    Slurm {
        /// The path under which nodes find this program.
        program: String,
        /// Options of `sbatch`.
        options: Vec<String>,
    },
    /// Hosts that are reached by ssh.
    Ssh {
        /// The path under which the hosts find this program.
        program: String,
        /// Options of `ssh`.
        options: Vec<String>,
        /// The hosts.
        hosts: Vec<SshHost>,
    },
    /// Custom commands, with the placeholders of [`ENGINE_PLACEHOLDERS`].
    Command {
        /// Hands a job over. The last thing that it prints is the engine's name of the job.
        submit: Vec<String>,
        /// Prints the jobs that the engine has.
        list: Vec<String>,
        /// Ends a job.
        cancel: Vec<String>,
        /// Prints the log of a running job as it is written; empty for none.
        #[serde(default)]
        tail: Vec<String>,
    },
}

/// A host that is reached by ssh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SshHost {
    /// Its name in ssh's configuration, with `USER@` if need be.
    pub name: String,
    /// How many attempts run there at once.
    pub slots: usize,
}

/// The placeholders that an engine's commands may use.
pub const ENGINE_PLACEHOLDERS: &[&str] = &[
    "payload_file",
    "name",
    "token",
    "minutes",
    "cpus",
    "memory",
    "gpus",
    "partition",
    "account",
    "job",
    "log",
    "from",
    "how",
];
