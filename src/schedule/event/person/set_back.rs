//! A plan's branch that a person set back.

use serde::{Deserialize, Serialize};

use crate::plan::{CommitId, PhaseId, PlanName};

/// Where a plan's branch was set back to, and what is open again with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetBack {
    /// The plan.
    pub plan: PlanName,
    /// Where its branch stands now.
    pub to: CommitId,
    /// The phases that are open again, in document order.
    pub phases: Vec<PhaseId>,
    /// The refs that keep what the branch and its worktree held; empty where the branch stood there already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backups: Vec<String>,
}
