//! The gates at which each node of the graph waits.
//!
//! The gates of a unit are stored in its plan's order. They are not stored again for the unit's first node. All other gates
//! of nodes are in one list, in which the gates of each node are linked.

use crate::graph::network::whole::Graph;
use crate::graph::order::gate::{Counts, Gate, Why};
use crate::graph::order::plan_order::PlanOrder;

/// The gates at which a node waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graph) struct NodeWaits {
    /// The plan's index in the manifest.
    pub plan: u32,
    /// The unit that starts with this node, or [`END`]. The gates that the plan's order has for the unit come first.
    unit: u32,
    /// The first and the last of the node's own gates, in [`Graph::own`].
    pub first: u32,
    last: u32,
}

impl NodeWaits {
    /// Creates a node of a plan that waits for nothing yet.
    pub fn of_plan(plan: usize) -> Self {
        Self {
            plan: plan as u32,
            unit: END,
            first: END,
            last: END,
        }
    }

    /// Returns the unit that starts with the node.
    pub fn unit(self) -> Option<usize> {
        (self.unit != END).then_some(self.unit as usize)
    }
}

/// One of a node's own gates, and the index of the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graph) struct Own {
    pub gate: u32,
    pub next: u32,
}

/// Marks the end of a list.
pub(in crate::graph) const END: u32 = u32::MAX;

impl Graph {
    /// Returns the numbers of the gates in [`Graph::gates`] at which a node waits. All of them must be open before the node
    /// starts.
    pub fn gates_at(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        let waiting = self.waiting[node];
        let plan = waiting.plan as usize;
        let first = self.firsts[plan];
        let unit = waiting.unit().map(|unit| self.orders[plan].waits.of(unit));
        let unit = unit.into_iter().flatten().map(move |gate| first + gate);
        unit.chain(self.own_gates(node))
    }

    /// Returns the gates at which a node waits, without the gates of the unit that starts with it.
    pub(in crate::graph) fn own_gates(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        let mut next = self.waiting[node].first;
        std::iter::from_fn(move || {
            let own = self.own.get(next as usize)?;
            next = own.next;
            Some(own.gate as usize)
        })
    }

    /// Returns the gates at which a node waits.
    pub fn waits_of(&self, node: usize) -> impl Iterator<Item = Gate<'_>> {
        self.gates_at(node).map(|gate| self.gates.get(gate))
    }

    /// Makes a node wait at all gates of the unit that starts with it.
    pub(in crate::graph) fn begin_with(&mut self, node: usize, unit: usize, order: &PlanOrder) {
        let waiting = &mut self.waiting[node];
        if waiting.unit == END && waiting.first == END {
            waiting.unit = unit as u32;
            return;
        }
        let first = self.firsts[self.nodes[node].plan];
        for gate in order.waits.of(unit) {
            self.hang(node, first + gate);
        }
    }

    /// Makes a node wait for all nodes in `of`. Does nothing when `of` is empty.
    pub(in crate::graph) fn wait_for(&mut self, node: usize, of: impl IntoIterator<Item = usize>, why: Why) {
        if let Some(gate) = self.gates.all(of, Counts::Done, why) {
            self.hang(node, gate);
        }
    }

    /// Makes a node wait at a gate.
    pub(in crate::graph) fn hang(&mut self, node: usize, gate: usize) {
        let place = self.own.len() as u32;
        self.own.push(Own {
            gate: gate as u32,
            next: END,
        });
        let waiting = &mut self.waiting[node];
        if waiting.first == END {
            waiting.first = place;
        } else {
            self.own[waiting.last as usize].next = place;
        }
        waiting.last = place;
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
            true => place.heads().for_each(|node| self.hang(node, gate)),
            false => self.hang(place.head(), gate),
        }
    }
}
