//! Why a request of a person, or of an agent, is refused.

use super::command::Steer;
use crate::plan::{AttemptId, PlanName, PlanState, WorkRef};

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SteerRefusal {
    /// The manifest that is driven has no such plan.
    NoSuchPlan(PlanName),
    /// There is no such plan, phase or task.
    NoSuchWork(WorkRef),
    /// The plan has come to its end, and its branch stays as it is.
    Ended {
        /// The plan.
        plan: PlanName,
        /// Its state.
        state: PlanState,
    },
    /// The plan is finished, and could not be landed.
    LandingFailed(PlanName),
    /// The plan is finished, and lands after a review.
    WaitsForReview(PlanName),
    /// One agent does this work together with other work.
    PartOfOther {
        /// The work.
        what: WorkRef,
        /// The request.
        asked: Steer,
        /// What the request can be about instead.
        instead: WorkRef,
    },
    /// The whole plan is given to one agent, and only a part of the plan was cancelled.
    OneAgent {
        /// The plan.
        plan: PlanName,
        /// The part.
        what: WorkRef,
    },
    /// The plan has ended, so nothing of it can be paused.
    NothingToPause(WorkRef),
    /// The plan is held as a whole, and only a part of it was to be tried again.
    HeldAsWhole(PlanName),
    /// The work has not failed.
    NotFailed {
        /// The work.
        what: WorkRef,
        /// The state of its plan.
        state: PlanState,
    },
    /// An agent works on what was to be skipped.
    WorkedOn(WorkRef),
    /// Nobody has to approve the work.
    NoGate {
        /// The work.
        what: WorkRef,
        /// The gates of its plan.
        gates: Vec<WorkRef>,
    },
    /// Nothing asks a question there.
    NothingAsked {
        /// The plan, phase or task.
        what: WorkRef,
        /// All work that asks a question.
        asking: Vec<WorkRef>,
    },
    /// Another question waits than the one that was to be answered.
    OtherQuestion {
        /// What asks it.
        what: WorkRef,
        /// The question that waits.
        question: String,
    },
    /// Several questions wait for an answer, and none was named.
    SeveralQuestions {
        /// The plan.
        plan: PlanName,
        /// The work that asks, at least two.
        asking: Vec<WorkRef>,
    },
    /// No agent works on the plan any more, so nobody can be attached.
    NothingToAttach {
        /// The plan.
        plan: PlanName,
        /// Its state.
        state: PlanState,
        /// True when the plan can be tried again.
        given_up: bool,
    },
    /// The plan has no worktree yet.
    NoWorktree(WorkRef),
    /// Another attempt has used the worktree since.
    WorktreeReused {
        /// The attempt.
        of: AttemptId,
        /// The attempt that came later.
        by: AttemptId,
        /// The work of the later attempt.
        work: WorkRef,
    },
    /// The plan is finished: no agent reads messages any more.
    NoReader {
        /// The plan.
        plan: PlanName,
        /// Its state.
        state: PlanState,
    },
    /// The plan was given up: no agent reads messages until the plan is tried again.
    NoReaderNow {
        /// The plan.
        plan: PlanName,
        /// Its state.
        state: PlanState,
    },
    /// All work of the plan is done and only its checks run.
    OnlyChecksLeft(PlanName),
    /// The agents of the plan are shell scripts, which read no messages.
    ScriptsReadNothing(PlanName),
    /// Too many messages wait to be read.
    TooManyUnread {
        /// The plan whose agents have not read them, `None` for the lead.
        to: Option<PlanName>,
        /// How many.
        unread: usize,
    },
    /// The message that is answered does not exist.
    NoSuchMessage {
        /// Its number.
        number: u32,
        /// True when the lead answers, false when an agent does.
        by_lead: bool,
    },
    /// The message has no text.
    EmptyMessage,
    /// The message is too long.
    LongMessage {
        /// Its length in bytes.
        bytes: usize,
    },
    /// Only finished work that has not landed is reviewed.
    NotReviewable {
        /// The plan.
        plan: PlanName,
        /// Its state.
        state: PlanState,
    },
    /// The plan lands without a review.
    NoReview(PlanName),
    /// The plan is being merged, so its work cannot be sent back.
    BeingMerged(PlanName),
    /// The review has neither a comment nor a text for the agent.
    EmptyReview(PlanName),
}
