//! When each node could start with unlimited capacity, and how much later it may start without delaying the end.

use crate::graph::network::whole::Graph;
use crate::graph::ranking::rank::Ranks;

/// Earliest starts and slacks by node, in expected milliseconds from now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// The earliest start of each node.
    pub start: Vec<u64>,
    /// How much later than its earliest start each node may start without moving the end. 0 on the critical path.
    pub slack: Vec<u64>,
    /// The length of the critical path.
    pub length: u64,
}

impl Timeline {
    /// Runs the forward pass of the critical-path method. A gate opens when as many of its members have ended as it needs.
    pub fn new(graph: &Graph, ranks: &Ranks) -> Self {
        let mut start = vec![0u64; graph.nodes.len()];
        let end = |start: &[u64], node: usize| start[node].saturating_add(graph.nodes[node].expected);
        for &node in &ranks.order {
            let opens = graph.waits_of(node).map(|gate| {
                let mut ends: Vec<u64> = gate.of().map(|member| end(&start, member)).collect();
                ends.sort_unstable();
                ends.get(gate.need.saturating_sub(1)).copied().unwrap_or(0)
            });
            start[node] = opens.max().unwrap_or(0);
        }
        let length = (0..graph.nodes.len())
            .map(|node| end(&start, node))
            .max()
            .unwrap_or(0);
        let slack = (0..graph.nodes.len()).map(|node| {
            let through = start[node].saturating_add(ranks.remaining[node]);
            length.saturating_sub(through)
        });
        Self {
            slack: slack.collect(),
            start,
            length,
        }
    }
}
