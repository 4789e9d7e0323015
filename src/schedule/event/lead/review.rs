//! Facts about a person's review of a finished plan.

use serde::{Deserialize, Serialize};

use crate::plan::{CommitId, PlanName};

/// One fact about a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event")]
pub enum Reviewing {
    /// A person commented on a line.
    #[serde(rename = "review.commented")]
    Commented(ReviewComment),
    /// A person lets exactly this commit land.
    #[serde(rename = "review.approved")]
    Approved(ReviewApproval),
    /// A person wants changes: the plan is open again.
    #[serde(rename = "review.returned")]
    Returned(ReviewReturn),
}

impl Reviewing {
    /// The plan.
    pub const fn plan(&self) -> &PlanName {
        match self {
            Self::Commented(comment) => &comment.plan,
            Self::Approved(approval) => &approval.plan,
            Self::Returned(back) => &back.plan,
        }
    }
}

/// A comment on a line of a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewComment {
    /// The plan.
    pub plan: PlanName,
    /// The commit.
    pub commit: CommitId,
    /// The file, from the repository's top.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// What that line holds.
    pub quote: String,
    /// The comment.
    pub text: String,
}

/// A person's leave for a commit to land.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewApproval {
    /// The plan.
    pub plan: PlanName,
    /// The commit.
    pub commit: CommitId,
}

/// A finished plan that goes back to its agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewReturn {
    /// The plan.
    pub plan: PlanName,
    /// All that the next attempt is told.
    pub text: String,
}
