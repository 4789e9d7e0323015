//! The visible part of a graph: shapes in lanes, and links between them. Links that others already imply are left out.

use crate::plan::PhaseId;

/// What to show of a graph.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct View {
    /// Shows tasks and VERIFY blocks too, not only plans and phases.
    pub tasks: bool,
    /// Shows only the plan at this index in the manifest, with its direct neighbours in other plans.
    pub only: Option<usize>,
}

/// The kind of thing that a shape represents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// The end of a plan.
    Plan,
    /// A phase. Where tasks are shown, the end of the phase.
    Phase,
    /// A task.
    Task,
    /// A VERIFY block or the verification of a plan.
    Verify,
    /// The landing of a plan.
    Merge,
    /// A gate between many members and many waiters. Occurs only in pictures.
    Joint,
}

/// A plan's part of the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// The plan's name.
    pub name: String,
    /// The plan's title.
    pub title: String,
    /// Priority, strategy and dispatch, in words.
    pub about: String,
    /// Expected milliseconds of all the plan's work.
    pub work: u64,
}

/// One shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeShape {
    /// The shape's id, as written in dependencies.
    pub id: String,
    /// The kind of shape.
    pub kind: NodeKind,
    /// Index in [`Picture::lanes`].
    pub lane: usize,
    /// The phase that the shape represents or belongs to.
    pub phase: Option<PhaseId>,
    /// The shape's id inside the plan.
    pub label: String,
    /// The shape's title.
    pub title: String,
    /// Expected milliseconds of the shape's work, including its parts.
    pub work: u64,
    /// True on the critical path.
    pub critical: bool,
    /// True when the document has a tick for it.
    pub done: bool,
    /// The plan's own `verify` command, when the verification has no shape of its own.
    pub check: Option<String>,
    /// True for a phase that also represents its tasks, because tasks are not shown.
    pub whole: bool,
}

/// A link: `to` waits for `from`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// Index in [`Picture::shapes`].
    pub from: usize,
    /// Index in [`Picture::shapes`].
    pub to: usize,
    /// The reasons, in words.
    pub why: Vec<String>,
    /// True on the critical path.
    pub critical: bool,
    /// True when any outcome of `from` is enough, success or not.
    pub settled: bool,
}

/// A picture of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Lanes in manifest order.
    pub lanes: Vec<Lane>,
    /// Shapes in manifest order, then document order. Joints come last.
    pub shapes: Vec<NodeShape>,
    /// Links sorted by their ends.
    pub links: Vec<Edge>,
    /// Ids of the critical path across all plans.
    pub path: Vec<String>,
    /// Expected milliseconds of the critical path.
    pub length: u64,
    /// The name of the only plan shown.
    pub only: Option<String>,
}

impl Picture {
    /// Returns the links that lead to each shape.
    pub fn incoming(&self) -> Vec<Vec<&Edge>> {
        let mut incoming = vec![Vec::new(); self.shapes.len()];
        for link in &self.links {
            incoming[link.to].push(link);
        }
        incoming
    }
}
