//! Facts about the verification of a phase.

use serde::{Deserialize, Serialize};

use crate::plan::{CommitId, PhaseId, PlanName};

/// A step of the verification of a phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseVerify {
    /// The plan.
    pub plan: PlanName,
    /// The phase.
    pub phase: PhaseId,
    /// The result.
    pub said: PhaseSaid,
    /// The command, or `None` if it did not end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran: Option<Ran>,
    /// Why it failed, with the end of the output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// The state of the verification of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseSaid {
    /// The verification started.
    Started,
    /// The verification passed.
    Passed,
    /// The verification failed.
    Failed,
    /// The verification was stopped because a person asked. It has no result.
    Stopped,
}

/// A shell line that was run on a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// The shell line. Several lines are joined by ` && `.
    pub line: String,
    /// The commit.
    pub commit: CommitId,
    /// The commit's tree.
    pub tree: String,
    /// How long the line ran, in milliseconds.
    pub took_ms: u64,
}
