//! The state of a person's review of a plan.

use crate::plan::CommitId;
use crate::schedule::event::person::review::ReviewComment;

/// A review of a finished plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    /// The commit that a person lets land. Any other commit needs a review of its own.
    pub approved: Option<CommitId>,
    /// Comments that the agent has not received yet.
    pub comments: Vec<ReviewComment>,
    /// The changes that a person asked for, until the plan is finished again.
    pub returned: Option<String>,
}
