//! Which work matters most: the priority it inherits and the length of what comes behind it.

use crate::plan::{PlanSet, Priority};

use super::network::Graph;

/// What the order among ready work is made of, by node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranks {
    /// The highest priority among the node's plan and all that waits for the node, directly or not.
    pub priority: Vec<Priority>,
    /// Expected milliseconds from the node's start to the end of everything behind it.
    pub remaining: Vec<u64>,
    /// Nodes so that each comes after all that it waits for.
    pub order: Vec<usize>,
    /// Nodes that can never begin, because they wait for each other.
    pub stuck: Vec<usize>,
}

impl Ranks {
    /// Ranks every node in time linear in nodes and edges: topological order (Kahn 1962), then one pass backwards, the
    /// critical-path method's.
    pub fn new(graph: &Graph, set: &PlanSet) -> Self {
        let gates_of = Members::new(graph);
        let order = forwards(graph, &gates_of);
        let mut priority: Vec<Priority> = graph
            .nodes
            .iter()
            .map(|node| set.plans[node.plan].priority)
            .collect();
        let mut remaining = vec![0u64; graph.nodes.len()];
        // What waits behind a gate is handed to all of its members once, however many wait there.
        let mut behind: Vec<(u64, Option<Priority>)> = vec![(0, None); graph.gates.len()];
        for &node in order.iter().rev() {
            for gate in gates_of.of(node) {
                let (longest, highest) = behind[*gate];
                remaining[node] = remaining[node].max(longest);
                // Only success brings what waits there nearer; mere order lends no priority.
                if let Some(highest) = highest {
                    priority[node] = priority[node].max(highest);
                }
            }
            remaining[node] = remaining[node].saturating_add(graph.nodes[node].expected);
            for gate in &graph.nodes[node].gates {
                let (longest, highest) = &mut behind[*gate];
                *longest = (*longest).max(remaining[node]);
                *highest = (*highest).max(Some(priority[node]));
            }
        }
        let mut reached = vec![false; graph.nodes.len()];
        for node in &order {
            reached[*node] = true;
        }
        Self {
            priority,
            remaining,
            stuck: (0..graph.nodes.len()).filter(|node| !reached[*node]).collect(),
            order,
        }
    }

    /// The longest expected path from `node` on, as nodes: the critical path when it starts at its first node.
    pub fn path_from(&self, graph: &Graph, node: usize) -> Vec<usize> {
        let mut path = vec![node];
        let gates_of = Members::new(graph);
        let waiting = Members::waiting(graph);
        let mut at = node;
        loop {
            let left = self.remaining[at] - graph.nodes[at].expected;
            let next = gates_of
                .of(at)
                .iter()
                .flat_map(|gate| waiting.of(*gate).iter().copied())
                // Plans that wait for each other land in turn: their landings are in no order, and lead round and round.
                .find(|next| self.remaining[*next] == left && self.stuck.binary_search(next).is_err());
            match next {
                Some(next) => {
                    path.push(next);
                    at = next;
                }
                None => return path,
            }
        }
    }

    /// The critical path across all plans: the longest expected path there is.
    pub fn critical_path(&self, graph: &Graph) -> Vec<usize> {
        let begins = self.order.iter().copied();
        let first = begins.max_by_key(|node| (self.remaining[*node], std::cmp::Reverse(*node)));
        first.map_or_else(Vec::new, |first| self.path_from(graph, first))
    }
}

/// Nodes in an order in which everything comes after what it waits for. What can never begin is left out. A gate opens
/// with as many members as it needs, so that a gate which never needs its own followers is no circle.
fn forwards(graph: &Graph, gates_of: &Members) -> Vec<usize> {
    let mut missing: Vec<usize> = graph.gates.iter().map(|gate| gate.need).collect();
    let mut closed: Vec<usize> = graph.nodes.iter().map(|node| node.gates.len()).collect();
    let waiting = Members::waiting(graph);
    let mut order: Vec<usize> = (0..graph.nodes.len()).filter(|node| closed[*node] == 0).collect();
    let mut next = 0;
    while let Some(&node) = order.get(next) {
        next += 1;
        for gate in gates_of.of(node) {
            if missing[*gate] == 0 {
                continue;
            }
            missing[*gate] -= 1;
            if missing[*gate] == 0 {
                for waiter in waiting.of(*gate) {
                    closed[*waiter] -= 1;
                    if closed[*waiter] == 0 {
                        order.push(*waiter);
                    }
                }
            }
        }
    }
    order
}

/// Lists of numbers behind each other in one, as in a compressed sparse row matrix.
struct Members {
    begins: Vec<usize>,
    list: Vec<usize>,
}

impl Members {
    /// The gates of which each node is a member.
    fn new(graph: &Graph) -> Self {
        let gates = graph.gates.iter().enumerate();
        let pairs = gates.flat_map(|(number, gate)| gate.of.iter().map(move |member| (*member, number)));
        Self::of_pairs(graph.nodes.len(), pairs)
    }

    /// The nodes that wait at each gate.
    fn waiting(graph: &Graph) -> Self {
        let nodes = graph.nodes.iter().enumerate();
        let pairs = nodes.flat_map(|(place, node)| node.gates.iter().map(move |gate| (*gate, place)));
        Self::of_pairs(graph.gates.len(), pairs)
    }

    fn of_pairs(keys: usize, pairs: impl Iterator<Item = (usize, usize)> + Clone) -> Self {
        let mut begins = vec![0; keys + 1];
        for (key, _) in pairs.clone() {
            begins[key + 1] += 1;
        }
        for key in 0..keys {
            begins[key + 1] += begins[key];
        }
        let mut list = vec![0; begins[keys]];
        let mut next = begins.clone();
        for (key, value) in pairs {
            list[next[key]] = value;
            next[key] += 1;
        }
        Self { begins, list }
    }

    fn of(&self, key: usize) -> &[usize] {
        &self.list[self.begins[key]..self.begins[key + 1]]
    }
}
