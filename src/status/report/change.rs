//! A change that a report makes to a status file.

use crate::plan::{CommitId, ItemId, Speaker, TaskState};

/// The new state of one task or sub-task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The task or sub-task.
    pub item: ItemId,
    /// Any state but `ready`.
    pub state: TaskState,
    /// Free text; the error for `failed`. `None` keeps the present text.
    pub note: Option<String>,
    /// Who makes the statement.
    pub by: Speaker,
    /// The checked-out commit of the worktree, if it can be read.
    pub commit: Option<CommitId>,
}
