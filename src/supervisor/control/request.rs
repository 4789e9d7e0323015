//! The messages of the control socket: one JSON object a line, one answer a line.

use serde::{Deserialize, Serialize};

use crate::plan::{CommitId, PlanName, WorkRef};
use crate::schedule::train::TrainPlace;
use crate::schedule::{AttachBegan, Outgoing, ReviewStep, Steer};

use crate::supervisor::conflict::about_conflict::ResolveStep;
use crate::supervisor::conflict::resolve::ResolveReport;

/// A request of another process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// Stop: with grace, or at once.
    Down {
        /// True for a stop without grace.
        now: bool,
    },
    /// Pause, resume, retry, skip, cancel or approve.
    Steer {
        /// The plans, phases or tasks.
        what: Vec<WorkRef>,
        /// The request.
        steer: Steer,
    },
    /// Send a message.
    Send(Outgoing),
    /// Mark the messages to the lead as read, up to this one.
    Seen {
        /// The number of the last message that was read.
        up_to: u32,
    },
    /// Start no agent of the plan while this process, which holds the plan's lock, is running.
    Attach(AttachBegan),
    /// Answer a question.
    Answer {
        /// The plan, phase or task that asks.
        what: WorkRef,
        /// The question, when no other may be answered.
        #[serde(default)]
        question: Option<String>,
        /// The answer.
        text: String,
    },
    /// Comment on a finished plan, let it land, or send it back to its agent.
    Review {
        /// The plan.
        plan: PlanName,
        /// The step.
        step: ReviewStep,
    },
    /// Check a conflict out, accept and land its resolution, or give it up.
    Resolve {
        /// The plan, whole or up to the end of a phase.
        plan: WorkRef,
        /// The step.
        step: ResolveStep,
    },
    /// List the plans on their way to the target.
    Train,
    /// Land plans.
    Merge {
        /// The plans, whole or up to the end of a phase; empty for every finished one.
        plans: Vec<WorkRef>,
        /// A target other than the run's.
        into: Option<String>,
    },
}

/// The supervisor's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// The request is or will be carried out.
    Accepted,
    /// The request was carried out.
    Steered {
        /// False when nothing had to change.
        changed: bool,
        /// Remarks, one line each.
        remarks: Vec<String>,
    },
    /// The plans on their way to the target.
    Train {
        /// A target other than the run's.
        into: Option<String>,
        /// The plans in landing order.
        places: Vec<TrainPlace>,
    },
    /// The result of each plan of a merge request is known.
    Merged(MergeReport),
    /// A conflict was checked out or given up.
    Resolved(ResolveReport),
    /// The supervisor ended first: nothing was done.
    Ended,
    /// The request was refused.
    Refused {
        /// Why.
        why: String,
        /// What to do instead.
        #[serde(default)]
        hint: Option<String>,
    },
}

/// The result of a merge request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeReport {
    /// The target branch.
    pub target: String,
    /// The commit of the target before; `None` when the target did not exist.
    pub before: Option<CommitId>,
    /// The commit of the target now.
    pub after: Option<CommitId>,
    /// The requested plans, in the order in which they were handled.
    pub plans: Vec<MergedPlan>,
}

/// One plan of a merge report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergedPlan {
    /// The plan, whole or up to the end of a phase.
    pub name: WorkRef,
    /// The result.
    pub outcome: MergeOutcome,
    /// The commit with which the plan landed, or would land.
    pub commit: Option<CommitId>,
    /// Why the plan did not land.
    pub why: Option<String>,
    /// True when the plan was refused before anything changed, so that a retry may succeed after a
    /// remedy.
    #[serde(default)]
    pub refused: bool,
}

/// The result of one plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergeOutcome {
    /// The plan is on the target.
    Landed,
    /// The plan needs a person: there is a conflict.
    Held,
    /// The plan's verification failed, or the plan was refused.
    Failed,
    /// The plan was skipped: it is not finished, or a plan that it builds on has not landed.
    Skipped,
}

impl MergeOutcome {
    /// The name that people and scripts see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Landed => "landed",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}
