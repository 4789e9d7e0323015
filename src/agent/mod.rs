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
//!
//! | floor | sub-room | what lives there |
//! |---|---|---|
//! | 3 | `running` | the runner |
//! | 2 | `logs` | the log of a job |
//! | 1 | `jobs` | the folder of a job, its processes, and the end of all of them |
//! | 0 | `reader` | the output of agent programs, read |
//!
//! A sub-room imports only from lower floors; `tests/architecture.rs` fails otherwise.

mod acp;
#[allow(unsafe_code, reason = "a process is told of its surroundings before its exec")]
mod attended;
mod jobs;
mod logs;
mod reader;
mod running;

pub use acp::{ACP_ARGUMENT, AcpCall, run_acp};
pub use attended::attend;
pub use jobs::activity::{Usage, age_of, newest_change};
pub use jobs::away::{Away, AwayStop};
pub use jobs::control_group::makes_control_groups;
pub use jobs::environment::{Environment, is_scrubbed};
pub use jobs::error::AgentError;
pub use jobs::exit_record::ExitRecord;
pub use jobs::extinction::end_trees;
pub use jobs::folder::{JobFolder, JobState, Running};
pub use jobs::job::{Job, JobInput};
pub use jobs::job_processes::{JOB_VARIABLE, orphaned_jobs};
pub use jobs::process::{Carrier, ProcessId, carriers, children, descendants, is_suspended};
pub use logs::log::LOG_LIMIT;
pub use logs::log_follower::LogFollower;
pub use reader::{OutputReader, OutputReading, Readable};
pub use running::launcher::{Launcher, RUNNER_ARGUMENT};
pub use running::runner::run_job;
pub use running::runner_handle::{LOOK_AGAIN, Runner, RunnerHold};
