//! The words of the control socket: one JSON object a line, one answer a line.

use serde::{Deserialize, Serialize};

use crate::plan::{CommitId, PlanName, WorkRef};
use crate::schedule::train::TrainPlace;
use crate::schedule::{ReviewStep, Steer};

use super::mail::Outgoing;
use crate::supervisor::conflict::about_conflict::ResolveStep;
use crate::supervisor::conflict::resolve::ResolveReport;

/// A request of another process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// Stop: with grace, or at once.
    Down {
        /// Without grace.
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
    /// Answer a question.
    Answer {
        /// The plan, or the phase or task of it that asks.
        what: WorkRef,
        /// The answer.
        text: String,
    },
    /// Comment on a finished plan, let it land, or send it back to its agent.
    Review {
        /// The plan.
        plan: PlanName,
        /// Which of these.
        step: ReviewStep,
    },
    /// Check a conflict out, take in what was made of it and land it, or give it up.
    Resolve {
        /// The plan, whole or up to the end of a phase.
        plan: WorkRef,
        /// Which of these.
        step: ResolveStep,
    },
    /// Say where the plans on their way to the target stand.
    Train,
    /// Land plans.
    Merge {
        /// Which, whole or up to the end of a phase; empty for every finished one.
        plans: Vec<WorkRef>,
        /// Another target than the run's.
        into: Option<String>,
    },
}

/// The supervisor's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// It will be done, or is.
    Accepted,
    /// It was steered as asked.
    Steered {
        /// False when it was so already.
        changed: bool,
        /// Remarks, one line each.
        remarks: Vec<String>,
    },
    /// Where the plans on their way stand.
    Train {
        /// Another target than the run's.
        into: Option<String>,
        /// In the order in which they are to land.
        places: Vec<TrainPlace>,
    },
    /// Every plan of a merge request has landed or not.
    Merged(MergeReport),
    /// A conflict was checked out or given up.
    Resolved(ResolveReport),
    /// The supervisor ended before it came to it: nothing was done.
    Ended,
    /// It will not be done.
    Refused {
        /// Why.
        why: String,
        /// What to do.
        #[serde(default)]
        hint: Option<String>,
    },
}

/// The result of a merge request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeReport {
    /// The target branch.
    pub target: String,
    /// Where it stood; none when it did not exist.
    pub before: Option<CommitId>,
    /// Where it stands.
    pub after: Option<CommitId>,
    /// The plans asked for, in the order in which they were dealt with.
    pub plans: Vec<MergedPlan>,
}

/// One plan of a merge report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergedPlan {
    /// The plan, whole or up to the end of a phase.
    pub name: WorkRef,
    /// The result.
    pub outcome: MergeOutcome,
    /// The commit with which it landed, or would.
    pub commit: Option<CommitId>,
    /// Why it did not land.
    pub why: Option<String>,
    /// True when it was refused before anything moved, so that trying again after a remedy may do.
    #[serde(default)]
    pub refused: bool,
}

/// The result of one plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergeOutcome {
    /// It is on the target.
    Landed,
    /// It needs a person: a conflict.
    Held,
    /// Its verification failed, or it was refused.
    Failed,
    /// It was left out: not finished, or a plan it builds on has not landed.
    Skipped,
}

impl MergeOutcome {
    /// The word that people and scripts see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Landed => "landed",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}
