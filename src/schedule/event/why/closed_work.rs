//! Why work on an item may not begin, whatever an agent reports.

use serde::{Deserialize, Serialize};

use crate::plan::{AttemptId, Dependency, ItemId, WorkRef};

/// Why work on an item may not begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedBecause {
    /// A person has to approve this.
    Approval(WorkRef),
    /// This point of another plan has not been reached.
    Plan(Dependency),
    /// The point has been reached, but its commits are not in the worktree.
    NotMergedIn(Dependency),
    /// Another attempt works on it.
    AtWork(AttemptId),
    /// It is done.
    Done(ItemId),
}
