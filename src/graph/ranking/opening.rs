//! In which order everything can begin.

use crate::graph::network::waiting::END;
use crate::graph::network::whole::Graph;
use crate::graph::order::gate::Gate;
use crate::graph::order::waits::{UnitWaits, WaitEntry};
use crate::graph::ranking::rank::Members;

/// Gates that open one after the other. A node waits at one closed gate at a time and looks for the next when that opens:
/// what it waits for is gone through once, the last phase in front of it first, which mostly is the last to end.
pub(in crate::graph) struct Opening<'g> {
    graph: &'g Graph,
    /// How many members each gate still needs.
    missing: Vec<u32>,
    /// The first node that waits at each gate.
    waiting: Vec<u32>,
    /// The node that waits beside each node.
    beside: Vec<u32>,
    looks: Vec<GateLook>,
    /// How many gates of each plan's chain are open, from its beginning.
    open: Vec<u32>,
}

/// How far a node has looked through its gates; what it has before its first look says nothing.
#[derive(Clone, Copy, Default)]
struct GateLook {
    /// The next of its own, in [`Graph::own`].
    own: u32,
    /// How many entries of its unit are left.
    entries: u32,
    /// Where in the chain the run begins and ends that is looked at.
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

    /// Nodes in an order in which everything comes after what it waits for (Kahn 1962). What can never begin is left out.
    /// A gate opens with as many members as it needs, so that a gate which never needs its own followers is no cycle.
    ///
    /// Where such a gate needs only some of its members, the order tells which of them count for those behind it: the first
    /// that could begin. Else all orders say the same, and each plan is gone through as far as it goes, so that what is
    /// looked at lies close together.
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

    /// Opens what a node was the last to close; adds those that can begin, gate by gate in the order of the nodes.
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

    /// Lets those who wait at a gate look on.
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

    /// Where a node begins to look.
    fn first_look(&self, node: usize) -> GateLook {
        let waiting = self.graph.waiting[node];
        let waits = &self.graph.orders[waiting.plan as usize].waits;
        GateLook {
            own: waiting.first,
            entries: waiting.unit().map_or(0, |unit| waits.entry_count(unit) as u32),
            run: (0, 0),
        }
    }

    /// True when no gate of a node is closed any more that it has not looked at yet; else the node waits at one that is.
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

    /// The next gate that is closed, and how far the node has looked then.
    fn closed(&mut self, node: usize, mut look: GateLook) -> Option<(usize, GateLook)> {
        let graph = self.graph;
        let waiting = graph.waiting[node];
        let plan = waiting.plan as usize;
        let first = graph.firsts[plan];
        while let Some(own) = graph.own.get(look.own as usize) {
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

    /// True when all gates of a plan's chain in front of a place are open.
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
