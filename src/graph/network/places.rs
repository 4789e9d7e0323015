//! Indexes of a plan's nodes in the graph.

use std::ops::Range;

use crate::plan::PhaseId;
use crate::plan::seek::seek;

use crate::graph::network::node::{Node, Of};

/// The nodes of one plan. They are contiguous: first the nodes of each phase, then the plan's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::graph) struct Places {
    /// The phases in document order.
    pub phases: Vec<PhasePlace>,
    /// The plan's verification, if it has one.
    pub verify: Option<usize>,
    /// The node for the end of the whole plan.
    pub end: usize,
    /// The node for the plan's landing on the target.
    pub landed: usize,
}

/// The nodes of a phase: its tasks, its VERIFY block if that is separate work, and its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graph) struct PhasePlace {
    pub id: PhaseId,
    /// The first node of the phase.
    pub first: usize,
    /// Number of tasks in the phase.
    pub tasks: usize,
    /// The node for the end of the phase.
    pub end: usize,
}

impl Places {
    /// Returns the node for a part of the plan.
    pub fn of(&self, of: Of, nodes: &[Node]) -> Option<usize> {
        match of {
            Of::Task(task) => {
                let phase = self.phase(task.phase)?;
                let parts = &nodes[phase.parts()];
                let number = |node: &Node| match node.of {
                    Of::Task(task) => task.number,
                    Of::Phase(_) | Of::Verify | Of::Plan | Of::Landed => u32::MAX,
                };
                let check = phase.check().filter(|_| task.is_verify());
                check.or_else(|| Some(phase.first + seek(parts, task.number, number)?))
            }
            Of::Phase(phase) => self.phase(phase).map(|found| found.end),
            Of::Verify => self.verify,
            Of::Plan => Some(self.end),
            Of::Landed => Some(self.landed),
        }
    }

    /// Returns the nodes of a phase.
    pub fn phase(&self, id: PhaseId) -> Option<&PhasePlace> {
        seek(&self.phases, id.0, |phase| phase.id.0).map(|place| &self.phases[place])
    }

    /// Returns the nodes of each unit. With `by_task`, each task and each check is a unit; otherwise each phase is.
    pub fn unit_nodes(&self, by_task: bool) -> impl Iterator<Item = Range<usize>> + '_ {
        self.phases.iter().flat_map(move |phase| {
            let heads = by_task.then(|| phase.heads().map(|head| head..head + 1));
            let whole = (!by_task).then(|| match phase.parts() {
                none if none.is_empty() => phase.end..phase.end + 1,
                parts => parts,
            });
            heads.into_iter().flatten().chain(whole)
        })
    }

    /// Returns the last node of each unit.
    pub fn unit_ends(&self, by_task: bool) -> Vec<usize> {
        let mut ends = Vec::with_capacity(self.landed - self.phases.first().map_or(0, |phase| phase.first));
        for phase in &self.phases {
            if by_task {
                ends.extend(phase.first..phase.first + phase.tasks);
                ends.extend((phase.tasks == 0).then_some(phase.end));
                ends.extend(phase.check());
            } else {
                ends.push(phase.end);
            }
        }
        ends
    }
}

impl PhasePlace {
    /// Returns true when the phase has a task or a VERIFY block.
    pub fn has_parts(&self) -> bool {
        self.first < self.end
    }

    /// Returns the nodes of the phase's tasks and its VERIFY block.
    pub fn parts(&self) -> Range<usize> {
        self.first..self.end
    }

    /// Returns the node of the phase's VERIFY block.
    pub fn check(&self) -> Option<usize> {
        let behind = self.first + self.tasks;
        (behind < self.end).then_some(behind)
    }

    /// Returns the first node of the phase when the whole phase is one unit.
    pub fn head(&self) -> usize {
        self.first
    }

    /// Returns the first node of each unit when each task is a unit. A phase without tasks is a unit itself; it starts with
    /// its VERIFY block if it has one.
    pub fn heads(&self) -> impl Iterator<Item = usize> + use<> {
        let alone = (self.tasks == 0).then_some(self.first);
        (self.first..self.first + self.tasks)
            .chain(alone)
            .chain(self.check())
    }
}
