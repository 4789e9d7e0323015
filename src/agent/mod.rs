//! Floor 3: processes. The runner that outlives the supervisor, its folder, its log, and the ending of every process
//! that an agent started.
//!
//! The folder of an attempt is the protocol between supervisor and runner: its files alone show what happened.
//!
//! | file | written by | means |
//! |---|---|---|
//! | `attempt.json` | supervisor | the command, its environment and limits ([`Job`]) |
//! | `prompt.md` | supervisor | the agent's prompt |
//! | `lock` | supervisor, handed over to the runner | locked while the runner works on the job |
//! | `running.json` | runner, before it starts the command | from then on the job counts as started ([`Running`]) |
//! | `log`, `log.1` | runner | the command's output, the older half rotated away |
//! | `group` | runner, before it starts the command | the control group of the command, where there is one |
//! | `exit.reserve` | runner, first | space for the exit record, in case the disk is full at the end |
//! | `facts.json` | runner | facts from the output: last word, denials, tokens, conversation ([`Facts`](crate::schedule::Facts)) |
//! | `away.json`, `payload.json` | supervisor | the job was handed over to another machine ([`Away`]), with this payload |
//! | `exit.json` | runner, last | how it ended ([`ExitRecord`]) |

mod acp;
mod activity;
#[allow(unsafe_code, reason = "a process is told of its surroundings before its exec")]
mod attended;
mod away;
mod control_group;
mod environment;
mod error;
mod exit_record;
mod extinction;
mod folder;
mod job;
#[allow(unsafe_code, reason = "a process is told of its surroundings before its exec")]
mod launcher;
#[allow(unsafe_code, reason = "a process is told of its surroundings before its exec")]
mod leader;
mod log;
mod log_follower;
mod log_tail;
mod process;
mod reader;
mod recorder;
mod rollout;
mod runner;
mod runner_handle;
mod runner_leash;
#[allow(unsafe_code, reason = "signals are held back by a call of the C library")]
mod runner_signals;
mod stopping;

pub use acp::{ACP_ARGUMENT, AcpCall, run_acp};
pub use activity::{Usage, age_of, newest_change};
pub use attended::attend;
pub use away::{Away, AwayStop};
pub use control_group::makes_control_groups;
pub use environment::{Environment, is_scrubbed};
pub use error::AgentError;
pub use exit_record::ExitRecord;
pub use extinction::end_trees;
pub use folder::{JobFolder, JobState, Running};
pub use job::{Job, JobInput};
pub use launcher::{Launcher, RUNNER_ARGUMENT};
pub use log::LOG_LIMIT;
pub use log_follower::LogFollower;
pub use process::{
    Carrier, JOB_VARIABLE, ProcessId, carriers, children, descendants, is_suspended, orphaned_jobs,
};
pub use reader::{OutputReader, OutputReading, Readable};
pub use runner::run_job;
pub use runner_handle::{LOOK_AGAIN, Runner, RunnerHold};
