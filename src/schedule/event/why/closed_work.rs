//! Why work on an item may not begin, whatever an agent reports.

use serde::{Deserialize, Serialize};

use crate::plan::{AttemptId, Dependency, ItemId, TaskState, WorkRef};

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
    /// Its files are in this plan's conflict, which is not resolved.
    Conflict(WorkRef),
    /// Another attempt works on it.
    AtWork(AttemptId),
    /// It is done.
    Done(ItemId),
}

/// A report on work that may not begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedReport {
    /// The attempt that reported, or `None` for a person.
    pub by: Option<AttemptId>,
    /// The task, or a part of it.
    pub item: ItemId,
    /// The reported state.
    pub state: TaskState,
    /// Why the work may not begin.
    pub closed: ClosedBecause,
}
