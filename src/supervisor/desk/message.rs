//! What the loop wakes up for. Everything that happens comes through one channel, in one order.

use crate::agent::{AgentError, Hold, JobState};
use crate::git::HeadPrint;
use crate::journal::JournalError;
use crate::plan::{AttemptId, CommitId, LaneId, PlanName, PlanSet};
use crate::schedule::{Event, Input};

use crate::supervisor::control::socket::Call;
use crate::supervisor::watch::stray_writes::Look;

/// One thing that happened.
#[derive(Debug)]
pub enum Message {
    /// A fact for the scheduler.
    Input(Input),
    /// Something changed in a folder where an agent of a plan reports.
    StatusHint(LaneId),
    /// What that folder says was read.
    StatusRead(LaneId, crate::supervisor::work::status_feed::LaneReading),
    /// A runner was started.
    Started(AttemptId, Hold),
    /// A runner has ended its job, or is gone.
    RunnerGone(PlanName, AttemptId, Result<JobState, AgentError>),
    /// The main checkout was looked at; none where it cannot be read.
    Looked(Look, Option<HeadPrint>),
    /// It is time to see whether a head has moved.
    LookForConflicts,
    /// What was foreseen of merging the live branches.
    Conflicts(crate::supervisor::watch::conflict_watch::Looked),
    /// It is time to foresee again, if something has happened since.
    ConflictsRested,
    /// Where the target stood when it was looked at, and what a person should know of it.
    TargetLooked(CommitId, Vec<Event>),
    /// What a person has landed.
    Landings(Vec<Event>),
    /// Nothing is in the way any more of landing these; none when something still is.
    Unhindered(Vec<PlanName>),
    /// It is time to look at what agents at work have spent.
    LookAtSpending,
    /// A step with a conflict was done, or refused.
    Resolved(Box<crate::supervisor::work::resolving::StepDone>),
    /// Another process asks.
    Call(Call),
    /// The manifest or a document may have been edited.
    ManifestHint,
    /// What they say now was read.
    ManifestRead(Box<Result<PlanSet, crate::supervisor::project::error::SupervisorError>>),
    /// A signal asks to stop; the second one at once.
    Interrupt,
    /// The disk did not take what was written down: nothing more may be done.
    JournalFailed(JournalError),
    /// Something a person should know.
    Warning(Option<PlanName>, String),
}
