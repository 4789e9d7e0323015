//! Floor 3: processes. The runner that outlives the supervisor, its folder, its log, and the extinction of everything
//! an agent started.
//!
//! The folder of an attempt is the protocol between supervisor and runner: whoever can read the folder can tell what
//! happened.
//!
//! | file | written by | means |
//! |---|---|---|
//! | `attempt.json` | supervisor | the command, its environment and limits ([`Job`]) |
//! | `prompt.md` | supervisor | the prompt of the agent |
//! | `lock` | supervisor, handed over to the runner | locked while the runner is at work on the job |
//! | `running.json` | runner, before it starts the command | from here on the job counts as started ([`Running`]) |
//! | `log`, `log.1` | runner | the command's output, the older half rotated away |
//! | `group` | runner, before it starts the command | the control group of the command, where there is one |
//! | `exit.reserve` | runner, first | room for the exit record, should the disk be full at the end |
//! | `facts.json` | runner | the facts in the output: last message, denials, tokens, conversation
//! ([`Facts`](crate::schedule::Facts)) |
//! | `away.json`, `payload.json` | supervisor | the hand-over to another machine ([`Away`]), and its payload |
//! | `exit.json` | runner, last | how the job ended ([`ExitRecord`]) |

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
