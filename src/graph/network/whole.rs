//! The whole graph: tasks, phases, verifications, plans and merges, and the gates between them.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::plan::{PlanName, UnitId};

use crate::graph::network::file_turn::FileTurn;
use crate::graph::network::node::{Node, Of};
use crate::graph::network::places::Places;
use crate::graph::network::wait_lists::WaitLists;
use crate::graph::order::gate::{Gate, Gates};
use crate::graph::order::locks::FileLocks;
use crate::graph::order::plan_order::PlanOrder;

/// The graph. Nodes are in manifest order, then document order.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// All nodes.
    pub nodes: Vec<Node>,
    /// All gates. Several nodes may wait at one gate. Members are indexes of nodes.
    pub gates: Gates,
    /// The order inside each plan, by index in the manifest.
    pub orders: Vec<PlanOrder>,
    /// The files that tasks of each plan touch.
    pub locks: Vec<FileLocks>,
    /// For each plan: the work of other plans that comes first because both touch the same files (`overlap = "serialize"`).
    pub after: Vec<Vec<FileTurn>>,
    pub(in crate::graph) waits: WaitLists,
    /// The number in [`Graph::gates`] of the first gate of each plan's order.
    pub(in crate::graph) firsts: Vec<usize>,
    pub(in crate::graph) places: Vec<Places>,
    /// For each plan: true when one of its tasks names another plan.
    pub(in crate::graph) crosses: Vec<bool>,
    pub(in crate::graph) names: Vec<PlanName>,
    pub(in crate::graph) numbers: BTreeMap<PlanName, usize>,
}

impl Graph {
    /// Returns the index in [`Graph::nodes`] of a plan, phase or task.
    pub fn place(&self, plan: usize, of: Of) -> Option<usize> {
        self.places.get(plan)?.of(of, &self.nodes)
    }

    /// Returns the index of a plan in the manifest.
    pub fn plan_number(&self, plan: &PlanName) -> Option<usize> {
        self.numbers.get(plan).copied()
    }

    /// Returns the node's id as people write it: `auth`, `auth.2`, `auth.2.3`, `auth.2.verify`, `auth.verify`,
    /// `auth@landed`.
    pub fn id(&self, node: usize) -> String {
        let node = &self.nodes[node];
        let plan = &self.names[node.plan];
        match node.of {
            Of::Task(task) => format!("{plan}.{task}"),
            Of::Phase(phase) => format!("{plan}.{phase}"),
            Of::Verify => format!("{plan}.verify"),
            Of::Plan => plan.to_string(),
            Of::Landed => format!("{plan}@landed"),
        }
    }

    /// Returns the nodes of a unit in document order.
    pub fn unit_nodes(&self, plan: usize, unit: UnitId) -> Range<usize> {
        let place = match unit {
            UnitId::Task(task) => self.place(plan, Of::Task(task)),
            UnitId::Phase(phase) => match self.places[plan].phase(phase) {
                Some(found) if found.has_parts() => return found.parts(),
                found => found.map(|found| found.end),
            },
        };
        place.map_or(0..0, |place| place..place + 1)
    }

    /// Returns the nodes of each unit of a plan, in the order of the units.
    pub fn nodes_of_units(&self, plan: usize) -> impl Iterator<Item = Range<usize>> + '_ {
        self.places[plan].unit_nodes(self.orders[plan].by_task)
    }

    /// Returns the task nodes of a phase, without its VERIFY block. `phase` is the phase's index in the document.
    pub fn task_nodes(&self, plan: usize, phase: usize) -> &[Node] {
        let place = &self.places[plan].phases[phase];
        &self.nodes[place.first..place.first + place.tasks]
    }

    /// Returns true when a task of the plan names another plan.
    pub fn names_others(&self, plan: usize) -> bool {
        self.crosses[plan]
    }

    /// Returns the numbers of the gates in [`Graph::gates`] at which a node waits. All of them must be open before the node
    /// starts.
    pub fn gates_at(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        let waiting = self.waits.of(node);
        let plan = waiting.plan as usize;
        let first = self.firsts[plan];
        let unit = waiting.unit().map(|unit| self.orders[plan].waits.of(unit));
        let unit = unit.into_iter().flatten().map(move |gate| first + gate);
        unit.chain(self.waits.own_gates(node))
    }

    /// Returns the gates at which a node waits.
    pub fn waits_of(&self, node: usize) -> impl Iterator<Item = Gate<'_>> {
        self.gates_at(node).map(|gate| self.gates.get(gate))
    }

    /// Makes all units of a plan wait at a gate. Only their first nodes need to wait, because the other nodes come after
    /// them.
    pub(in crate::graph) fn hang_all(&mut self, plan: usize, gate: usize) {
        for phase in 0..self.places[plan].phases.len() {
            self.hang_phase(plan, phase, gate);
        }
    }

    /// Makes the units of a phase wait at a gate. `phase` is the phase's index in the document.
    pub(in crate::graph) fn hang_phase(&mut self, plan: usize, phase: usize, gate: usize) {
        let place = self.places[plan].phases[phase];
        match self.orders[plan].by_task {
            true => place.heads().for_each(|node| self.waits.hang(node, gate)),
            false => self.waits.hang(place.head(), gate),
        }
    }
}
