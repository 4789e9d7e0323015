//! The gates at which each node of the graph waits.
//!
//! The gates of a unit are stored in its plan's order. They are not stored again for the unit's first node. All other gates
//! of nodes are in one list, in which the gates of each node are linked.

/// The gates at which a node waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graph) struct NodeWaits {
    /// The plan's index in the manifest.
    pub plan: u32,
    /// The unit that starts with this node, or [`END`]. The gates that the plan's order has for the unit come first.
    unit: u32,
    /// The first and the last of the node's own gates, in [`WaitLists::own`].
    pub first: u32,
    last: u32,
}

impl NodeWaits {
    /// Creates a node of a plan that waits for nothing yet.
    fn of_plan(plan: usize) -> Self {
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
pub(in crate::graph) struct OwnGate {
    pub gate: u32,
    pub next: u32,
}

/// Marks the end of a list.
pub(in crate::graph) const END: u32 = u32::MAX;

/// The gates of all nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::graph) struct WaitLists {
    nodes: Vec<NodeWaits>,
    own: Vec<OwnGate>,
}

impl WaitLists {
    /// Creates empty lists with space for this many nodes.
    pub fn with_capacity(nodes: usize) -> Self {
        Self {
            nodes: Vec::with_capacity(nodes),
            own: Vec::with_capacity(nodes / 4),
        }
    }

    /// Adds a node of a plan. It waits for nothing yet.
    pub fn add(&mut self, plan: usize) {
        self.nodes.push(NodeWaits::of_plan(plan));
    }

    /// Returns where the gates of a node are.
    pub fn of(&self, node: usize) -> NodeWaits {
        self.nodes[node]
    }

    /// Returns the own gate at this place of the list, or `None` at the end of a node's gates.
    pub fn own_gate(&self, place: u32) -> Option<OwnGate> {
        self.own.get(place as usize).copied()
    }

    /// Returns the gates at which a node waits, without the gates of the unit that starts with it.
    pub fn own_gates(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        let mut next = self.nodes[node].first;
        std::iter::from_fn(move || {
            let own = self.own_gate(next)?;
            next = own.next;
            Some(own.gate as usize)
        })
    }

    /// Makes a node wait at all gates of the unit that starts with it. Returns false, and changes nothing, when the node
    /// already waits at other gates.
    pub fn begin_with(&mut self, node: usize, unit: usize) -> bool {
        let waiting = &mut self.nodes[node];
        let is_free = waiting.unit == END && waiting.first == END;
        if is_free {
            waiting.unit = unit as u32;
        }
        is_free
    }

    /// Makes a node wait at a gate.
    pub fn hang(&mut self, node: usize, gate: usize) {
        let place = self.own.len() as u32;
        self.own.push(OwnGate {
            gate: gate as u32,
            next: END,
        });
        let waiting = &mut self.nodes[node];
        if waiting.first == END {
            waiting.first = place;
        } else {
            self.own[waiting.last as usize].next = place;
        }
        waiting.last = place;
    }
}
