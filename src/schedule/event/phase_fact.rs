//! Facts about the verification of a phase.

use serde::{Deserialize, Serialize};

use crate::plan::{CommitId, PhaseId, PlanName};

/// Something about the verification of a phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseVerify {
    /// The plan.
    pub plan: PlanName,
    /// The phase.
    pub phase: PhaseId,
    /// The result.
    pub said: PhaseSaid,
    /// The command; none if it did not end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran: Option<Ran>,
    /// Why it failed, with the end of the output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A word about the verification of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseSaid {
    /// It began.
    Started,
    /// It succeeded.
    Passed,
    /// It failed.
    Failed,
    /// It was stopped because a person asked; it says nothing.
    Stopped,
}

/// A shell line that was run on a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// The shell line; several are joined by ` && `.
    pub line: String,
    /// The commit.
    pub commit: CommitId,
    /// Its tree.
    pub tree: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}
