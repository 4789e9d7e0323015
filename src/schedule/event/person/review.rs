//! Facts about a person's review of a finished plan.

use serde::{Deserialize, Serialize};

use crate::plan::{CommitId, PlanName};

/// A comment on a line of a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewComment {
    /// The plan.
    pub plan: PlanName,
    /// The commit.
    pub commit: CommitId,
    /// The file, relative to the top of the repository.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The text of that line.
    pub quote: String,
    /// The comment.
    pub text: String,
}

/// A person's permission to land a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewApproval {
    /// The plan.
    pub plan: PlanName,
    /// The commit.
    pub commit: CommitId,
}

/// A finished plan that is returned to its agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewReturn {
    /// The plan.
    pub plan: PlanName,
    /// The full text for the next attempt.
    pub text: String,
}
