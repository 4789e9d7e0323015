//! A plan's branch that a person reset.

use serde::{Deserialize, Serialize};

use crate::plan::{CommitId, PhaseId, PlanName};

/// Where a plan's branch was reset to, and which phases are open again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetBack {
    /// The plan.
    pub plan: PlanName,
    /// The branch's tip now.
    pub to: CommitId,
    /// The phases that are open again, in document order.
    pub phases: Vec<PhaseId>,
    /// The refs that keep the old contents of the branch and its worktree. Empty when the branch was already at that commit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backups: Vec<String>,
}
