//! The nodes of the graph.

use crate::plan::{PhaseId, TaskId};

/// The piece of work whose end a node represents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Of {
    /// A task, or the VERIFY block of a phase.
    Task(TaskId),
    /// A phase with all of its tasks.
    Phase(PhaseId),
    /// The plan's own verification.
    Verify,
    /// The whole plan is finished.
    Plan,
    /// The plan has landed on the target.
    Landed,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The plan's index in the manifest.
    pub plan: usize,
    /// What the node represents.
    pub of: Of,
    /// Expected duration of the node's own work in milliseconds. Ends of phases and plans take no time.
    pub expected: u64,
    /// Line in the plan's document, or 0 when there is none.
    pub line: usize,
    /// True when the document has a tick for it.
    pub done: bool,
}
