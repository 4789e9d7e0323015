//! Where a person's review of a plan stands.

use crate::plan::CommitId;
use crate::schedule::event::lead::review::ReviewComment;

/// A review of a finished plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    /// The commit that a person lets land; any other one needs a review of its own.
    pub approved: Option<CommitId>,
    /// Comments that the agent has not been told.
    pub comments: Vec<ReviewComment>,
    /// The changes that a person asked for, until the plan is finished again.
    pub returned: Option<String>,
}
