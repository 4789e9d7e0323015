//! What the loop wakes up for. Everything that happens comes through one channel, in one order.

use crate::agent::{AgentError, JobState, ProcessId};
use crate::plan::{AttemptId, PlanName};
use crate::schedule::Input;

use super::control::Call;

/// One thing that happened.
#[derive(Debug)]
pub enum Message {
    /// A fact for the scheduler.
    Input(Input),
    /// Something changed in the folder where a plan's agent reports.
    StatusHint(PlanName),
    /// What that folder says was read.
    StatusRead(PlanName, crate::status::Reading),
    /// A runner was started.
    Started(AttemptId, ProcessId),
    /// A runner is gone.
    RunnerGone(PlanName, AttemptId, Result<JobState, AgentError>),
    /// Another process asks.
    Call(Call),
    /// A signal asks to stop; the second one at once.
    Interrupt,
    /// Something a person should know.
    Warning(Option<PlanName>, String),
}
