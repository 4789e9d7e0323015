//! What is shown of the graph: shapes in lanes and the links between them, without what others already imply.

use crate::plan::PhaseId;

/// What a reader wants to see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct View {
    /// Tasks and VERIFY blocks too, not only plans and phases.
    pub tasks: bool,
    /// This plan alone, by its place in the manifest, with the points of others that it waits for or that wait for it.
    pub only: Option<usize>,
}

/// What sort of thing a shape stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// The end of a plan.
    Plan,
    /// A phase; where tasks are shown, its end.
    Phase,
    /// A task.
    Task,
    /// A VERIFY block or the verification of a plan.
    Verify,
    /// The landing of a plan.
    Merge,
    /// Only in pictures: a gate over many, for many.
    Joint,
}

/// A plan's part of the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// The plan's name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Priority, strategy and dispatch, in words.
    pub about: String,
    /// Expected milliseconds of all its work.
    pub work: u64,
}

/// One thing that is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeShape {
    /// Its id, as in dependencies.
    pub id: String,
    /// What it is.
    pub kind: NodeKind,
    /// Place in [`Picture::lanes`].
    pub lane: usize,
    /// The phase that it is or is in.
    pub phase: Option<PhaseId>,
    /// Its id inside the plan.
    pub label: String,
    /// Its title.
    pub title: String,
    /// Expected milliseconds of its work, its parts' included.
    pub work: u64,
    /// True on the critical path.
    pub critical: bool,
    /// True when the document has it ticked.
    pub done: bool,
    /// The plan's own verification, where it has no shape of its own.
    pub check: Option<String>,
    /// True for a phase that stands for its tasks too, because they are not shown.
    pub whole: bool,
}

/// `to` waits for `from`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// Place in [`Picture::shapes`].
    pub from: usize,
    /// Place in [`Picture::shapes`].
    pub to: usize,
    /// Why, in words.
    pub why: Vec<String>,
    /// True on the critical path.
    pub critical: bool,
    /// True when any end of `from` is enough.
    pub settled: bool,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// In manifest order.
    pub lanes: Vec<Lane>,
    /// In manifest order, then document order; joints at the end.
    pub shapes: Vec<NodeShape>,
    /// Sorted by ends.
    pub links: Vec<Edge>,
    /// Ids of the critical path across all plans.
    pub path: Vec<String>,
    /// Its expected milliseconds.
    pub length: u64,
    /// The one plan that is shown.
    pub only: Option<String>,
}

impl Picture {
    /// Links that lead to each shape.
    pub fn incoming(&self) -> Vec<Vec<&Edge>> {
        let mut incoming = vec![Vec::new(); self.shapes.len()];
        for link in &self.links {
            incoming[link.to].push(link);
        }
        incoming
    }
}
