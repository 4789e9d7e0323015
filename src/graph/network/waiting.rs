//! What each node of the graph waits for.
//!
//! A unit's gates are in its plan's order, and are not written down a second time for the node that it begins with. What nodes
//! wait for besides is one list, through which those of a node are strung.

use crate::graph::network::whole::Graph;
use crate::graph::order::gate::{Counts, Gate, Why};
use crate::graph::order::plan_order::PlanOrder;

/// At which gates a node waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graph) struct NodeWaits {
    /// The plan's place in the manifest.
    pub plan: u32,
    /// The unit that begins with it: what the plan's order says of that unit comes first. [`END`] when none does.
    unit: u32,
    /// The first and the last of its own, in [`Graph::own`].
    pub first: u32,
    last: u32,
}

impl NodeWaits {
    /// A node of a plan that waits for nothing yet.
    pub fn of_plan(plan: usize) -> Self {
        Self {
            plan: plan as u32,
            unit: END,
            first: END,
            last: END,
        }
    }

    /// The unit that begins with the node.
    pub fn unit(self) -> Option<usize> {
        (self.unit != END).then_some(self.unit as usize)
    }
}

/// A gate of a node's own, and the place of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graph) struct Own {
    pub gate: u32,
    pub next: u32,
}

/// Stands where nothing follows.
pub(in crate::graph) const END: u32 = u32::MAX;

impl Graph {
    /// The gates at which a node waits: their numbers in [`Graph::gates`]. All of them have to be open before it begins.
    pub fn gates_at(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        let waiting = self.waiting[node];
        let plan = waiting.plan as usize;
        let first = self.firsts[plan];
        let unit = waiting.unit().map(|unit| self.orders[plan].waits.of(unit));
        let unit = unit.into_iter().flatten().map(move |gate| first + gate);
        unit.chain(self.own_gates(node))
    }

    /// The gates at which a node waits besides those that the unit waits at which begins with it.
    pub(in crate::graph) fn own_gates(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        let mut next = self.waiting[node].first;
        std::iter::from_fn(move || {
            let own = self.own.get(next as usize)?;
            next = own.next;
            Some(own.gate as usize)
        })
    }

    /// What a node waits for: each gate at which it waits.
    pub fn waits_of(&self, node: usize) -> impl Iterator<Item = Gate<'_>> {
        self.gates_at(node).map(|gate| self.gates.get(gate))
    }

    /// Lets a node wait for whatever the unit waits for that begins with it.
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

    /// Lets a node wait for all of these; for nothing when there are none.
    pub(in crate::graph) fn wait_for(&mut self, node: usize, of: impl IntoIterator<Item = usize>, why: Why) {
        if let Some(gate) = self.gates.all(of, Counts::Done, why) {
            self.hang(node, gate);
        }
    }

    /// Lets a node wait at a gate.
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

    /// Lets all units of a plan wait at a gate. Their first nodes are enough, the others come behind them.
    pub(in crate::graph) fn hang_all(&mut self, plan: usize, gate: usize) {
        for phase in 0..self.places[plan].phases.len() {
            self.hang_phase(plan, phase, gate);
        }
    }

    /// Lets the units of a phase wait at a gate, by the phase's place in the document.
    pub(in crate::graph) fn hang_phase(&mut self, plan: usize, phase: usize, gate: usize) {
        let place = self.places[plan].phases[phase];
        match self.orders[plan].by_task {
            true => place.heads().for_each(|node| self.hang(node, gate)),
            false => self.hang(place.head(), gate),
        }
    }
}
