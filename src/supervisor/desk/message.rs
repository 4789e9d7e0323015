//! A message for the loop. All messages come through one channel, in one order.

use std::time::Duration;

use tokio::sync::oneshot;

use crate::agent::{AgentError, JobState, RunnerHold};
use crate::git::HeadPrint;
use crate::journal::JournalError;
use crate::plan::{AttemptId, CommitId, LaneId, PlanName, PlanSet, WorkRef};
use crate::schedule::{Clashing, Event, Heads, Input};
use crate::status;
use crate::words::RefusalText;

use crate::supervisor::conflict::about_conflict::ResolveStep;
use crate::supervisor::conflict::resolve::Resolved;
use crate::supervisor::control::request::Answer;
use crate::supervisor::control::socket::PendingRequest;
use crate::supervisor::project::error::SupervisorError;

/// One message.
#[derive(Debug)]
pub enum EngineMessage {
    /// An input for the scheduler.
    Input(Input),
    /// Something changed in a folder where an agent of a plan reports.
    StatusHint(LaneId),
    /// The folder was read.
    StatusRead(LaneId, LaneReading),
    /// A runner was started.
    Started(AttemptId, RunnerHold),
    /// An attempt was handed over to another machine.
    HandedOver(LaneId, AttemptId),
    /// A runner has ended its job, or is gone.
    RunnerGone(PlanName, AttemptId, Result<JobState, AgentError>),
    /// The main checkout was inspected; `None` where it cannot be read.
    Looked(CheckoutLook, Option<HeadPrint>),
    /// It is time to check whether a branch has moved.
    LookForConflicts,
    /// The conflicts between live branches were computed.
    Conflicts(ConflictsLooked),
    /// The pause after a forecast of conflicts is over: compute them again if something has happened
    /// since.
    ConflictsRested,
    /// The target's commit, and events that a person should know of.
    TargetLooked(CommitId, Vec<Event>),
    /// Landings by a person.
    Landings(Vec<Event>),
    /// These plans can land now; empty while an obstacle remains.
    Unhindered(Vec<PlanName>),
    /// It is time to check what agents at work have spent.
    LookAtSpending,
    /// A step of a conflict's resolution was done or refused.
    Resolved(Box<StepDone>),
    /// A request of another process.
    Call(PendingRequest),
    /// The manifest or a document may have been edited.
    ManifestHint,
    /// Manifest and documents were read.
    ManifestRead(Box<Result<PlanSet, SupervisorError>>),
    /// A signal asks to stop; the second signal, to stop at once.
    Interrupt,
    /// The journal could not be written: nothing more may be done.
    JournalFailed(JournalError),
    /// Something a person should know.
    Warning(Option<PlanName>, String),
}

/// The result of reading a worktree.
#[derive(Debug)]
pub struct LaneReading {
    /// The reports there.
    pub reading: status::Reading,
    /// The worktree's commit, when it could be read.
    pub head: Option<CommitId>,
    /// The last attempt in the worktree when the reading began.
    pub attempt: Option<AttemptId>,
}

/// An inspection of the main checkout under way. It counts only when `orch` itself changes nothing
/// meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckoutLook {
    pub own_changes: u64,
}

/// The computed conflicts, and how long the computation took.
#[derive(Debug)]
pub struct ConflictsLooked {
    pub found: Result<Option<(Heads, Vec<Clashing>)>, SupervisorError>,
    pub took: Duration,
}

/// A step that was done or refused.
#[derive(Debug)]
pub struct StepDone {
    pub what: WorkRef,
    pub step: ResolveStep,
    pub done: Result<Resolved, RefusalText>,
    pub reply: oneshot::Sender<Answer>,
}
