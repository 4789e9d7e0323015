//! An order in which all nodes can start.

use crate::graph::network::wait_lists::END;
use crate::graph::network::whole::Graph;
use crate::graph::order::gate::Gate;
use crate::graph::order::waits::{UnitWaits, WaitEntry};
use crate::graph::ranking::members::Members;

/// Opens gates one after the other. A node waits at one closed gate at a time and looks for the next closed gate when that
/// one opens. So each node goes through its gates only once. It takes the last phase before it first, because that phase is
/// usually the last to end.
pub(in crate::graph) struct Opening<'g> {
    graph: &'g Graph,
    /// Number of members that each gate still needs.
    missing: Vec<u32>,
    /// The first node that waits at each gate.
    waiting: Vec<u32>,
    /// For each node, the next node that waits at the same gate.
    beside: Vec<u32>,
    looks: Vec<GateLook>,
    /// Number of open gates at the start of each plan's chain.
    open: Vec<u32>,
}

/// How far a node has gone through its gates. The default has no meaning before the first look.
#[derive(Clone, Copy, Default)]
struct GateLook {
    /// The next of the node's own gates, in the list of own gates.
    own: u32,
    /// Number of entries of its unit that are left.
    entries: u32,
    /// Start and end in the chain of the current run.
    run: (u32, u32),
}

impl<'g> Opening<'g> {
    pub(in crate::graph) fn new(graph: &'g Graph) -> Self {
        Self {
            missing: graph.gates.iter().map(|gate| gate.need as u32).collect(),
            waiting: vec![END; graph.gates.len()],
            beside: vec![END; graph.nodes.len()],
            looks: vec![GateLook::default(); graph.nodes.len()],
            open: vec![0; graph.orders.len()],
            graph,
        }
    }

    /// Returns the nodes in an order where each comes after all that it waits for (Kahn 1962). Nodes that can never start
    /// are left out. A gate opens with as many members as it needs. So a gate that does not need its own followers makes no
    /// cycle.
    ///
    /// When a gate needs only some of its members, the order decides which of them count for the nodes behind it: the first
    /// that can start. Otherwise all valid orders mean the same. Then each plan is followed as far as possible, so that the
    /// data it needs lies close together in memory.
    pub(in crate::graph) fn order(mut self, gates_of: &Members) -> Vec<usize> {
        let nodes = self.graph.nodes.len();
        let mut order: Vec<usize> = Vec::with_capacity(nodes);
        let mut found: Vec<usize> = (0..nodes)
            .filter(|node| self.begins(*node, self.first_look(*node)))
            .collect();
        if self.graph.gates.iter().any(Gate::is_partial) {
            order.append(&mut found);
            let mut next = 0;
            while let Some(&node) = order.get(next) {
                next += 1;
                self.end(node, gates_of, &mut order);
            }
        } else {
            found.reverse();
            while let Some(node) = found.pop() {
                order.push(node);
                let first = found.len();
                self.end(node, gates_of, &mut found);
                found[first..].reverse();
            }
        }
        order
    }

    /// Opens the gates that this node was the last to keep closed. Adds the nodes that can start, in node order for each
    /// gate.
    fn end(&mut self, node: usize, gates_of: &Members, found: &mut Vec<usize>) {
        for gate in gates_of.of(node).iter().map(|gate| *gate as usize) {
            if self.missing[gate] > 0 {
                self.missing[gate] -= 1;
                if self.missing[gate] == 0 {
                    let first = found.len();
                    self.open(gate, found);
                    found[first..].sort_unstable();
                }
            }
        }
    }

    /// Makes the nodes that wait at a gate look for their next closed gate.
    fn open(&mut self, gate: usize, found: &mut Vec<usize>) {
        let mut node = std::mem::replace(&mut self.waiting[gate], END);
        while node != END {
            let beside = self.beside[node as usize];
            if self.begins(node as usize, self.looks[node as usize]) {
                found.push(node as usize);
            }
            node = beside;
        }
    }

    /// Returns where a node starts to look.
    fn first_look(&self, node: usize) -> GateLook {
        let waiting = self.graph.waits.of(node);
        let waits = &self.graph.orders[waiting.plan as usize].waits;
        GateLook {
            own: waiting.first,
            entries: waiting.unit().map_or(0, |unit| waits.entry_count(unit) as u32),
            run: (0, 0),
        }
    }

    /// Returns true when none of the node's remaining gates is closed. Otherwise makes the node wait at a closed one.
    fn begins(&mut self, node: usize, look: GateLook) -> bool {
        match self.closed(node, look) {
            Some((gate, look)) => {
                self.looks[node] = look;
                self.beside[node] = std::mem::replace(&mut self.waiting[gate], node as u32);
                false
            }
            None => true,
        }
    }

    /// Returns the node's next closed gate, and how far the node has looked by then.
    fn closed(&mut self, node: usize, mut look: GateLook) -> Option<(usize, GateLook)> {
        let graph = self.graph;
        let waiting = graph.waits.of(node);
        let plan = waiting.plan as usize;
        let first = graph.firsts[plan];
        while let Some(own) = graph.waits.own_gate(look.own) {
            if self.missing[own.gate as usize] > 0 {
                return Some((own.gate as usize, look));
            }
            look.own = own.next;
        }
        let waits: &UnitWaits = &graph.orders[plan].waits;
        loop {
            while look.run.0 < look.run.1 {
                if self.open_to(plan, look.run.1) {
                    break;
                }
                let gate = first + waits.chain()[look.run.1 as usize - 1] as usize;
                if self.missing[gate] > 0 {
                    return Some((gate, look));
                }
                look.run.1 -= 1;
            }
            let left = look.entries.checked_sub(1)?;
            look.entries = left;
            let unit = waiting.unit()?;
            look.run = (0, 0);
            match waits.entry(unit, left as usize) {
                WaitEntry::Run { from, to, .. } => look.run = (from, to),
                WaitEntry::Gate(gate) => {
                    let gate = first + gate as usize;
                    if self.missing[gate] > 0 {
                        return Some((gate, look));
                    }
                }
            }
        }
    }

    /// Returns true when all gates of a plan's chain before `place` are open.
    fn open_to(&mut self, plan: usize, place: u32) -> bool {
        let chain = self.graph.orders[plan].waits.chain();
        let open = &mut self.open[plan];
        while *open < place {
            let gate = chain[*open as usize];
            if gate != UnitWaits::EMPTY && self.missing[self.graph.firsts[plan] + gate as usize] > 0 {
                return false;
            }
            *open += 1;
        }
        true
    }
}
