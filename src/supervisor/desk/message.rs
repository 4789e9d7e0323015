//! A message for the loop. Everything comes through one channel, in one order.

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

/// One thing that happened.
#[derive(Debug)]
pub enum EngineMessage {
    /// A fact for the scheduler.
    Input(Input),
    /// Something changed in a folder where an agent of a plan reports.
    StatusHint(LaneId),
    /// That folder was read.
    StatusRead(LaneId, LaneReading),
    /// A runner was started.
    Started(AttemptId, RunnerHold),
    /// An attempt was handed over to another machine.
    HandedOver(LaneId, AttemptId),
    /// A runner has ended its job, or is gone.
    RunnerGone(PlanName, AttemptId, Result<JobState, AgentError>),
    /// The main checkout was looked at; none where it cannot be read.
    Looked(CheckoutLook, Option<HeadPrint>),
    /// It is time to see whether a head has moved.
    LookForConflicts,
    /// The conflicts between live branches were computed.
    Conflicts(ConflictsLooked),
    /// It is time to foresee again, if something has happened since.
    ConflictsRested,
    /// Where the target stood when it was looked at, and what a person should know of it.
    TargetLooked(CommitId, Vec<Event>),
    /// Landings by a person.
    Landings(Vec<Event>),
    /// These plans can land now; none while an obstacle remains.
    Unhindered(Vec<PlanName>),
    /// It is time to look at what agents at work have spent.
    LookAtSpending,
    /// A step with a conflict was done, or refused.
    Resolved(Box<StepDone>),
    /// Another process asks.
    Call(PendingRequest),
    /// The manifest or a document may have been edited.
    ManifestHint,
    /// They were read.
    ManifestRead(Box<Result<PlanSet, SupervisorError>>),
    /// A signal asks to stop; the second one at once.
    Interrupt,
    /// The disk did not take what was written down: nothing more may be done.
    JournalFailed(JournalError),
    /// Something a person should know.
    Warning(Option<PlanName>, String),
}

/// The result of one look at a worktree.
#[derive(Debug)]
pub struct LaneReading {
    /// The reports there.
    pub reading: status::Reading,
    /// Its commit, when it could be read.
    pub head: Option<CommitId>,
    /// The last attempt there when the look began.
    pub attempt: Option<AttemptId>,
}

/// A look at the main checkout under way. It counts only when `orch` itself changes nothing meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckoutLook {
    pub own_changes: u64,
}

/// The result of a look for conflicts, and how long it took.
#[derive(Debug)]
pub struct ConflictsLooked {
    pub found: Result<Option<(Heads, Vec<Clashing>)>, SupervisorError>,
    pub took: Duration,
}

/// A step that was done, or refused.
#[derive(Debug)]
pub struct StepDone {
    pub what: WorkRef,
    pub step: ResolveStep,
    pub done: Result<Resolved, RefusalText>,
    pub reply: oneshot::Sender<Answer>,
}
