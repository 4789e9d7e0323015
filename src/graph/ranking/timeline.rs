//! When each node could start with unlimited capacity, how much later it may start without delaying the end, and the critical
//! path.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::graph::network::whole::Graph;
use crate::graph::ranking::members::Members;
use crate::graph::ranking::rank::Ranks;

/// Earliest starts and slacks by node, in expected milliseconds from now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// The earliest start of each node; 0 for nodes that can never start.
    pub start: Vec<u64>,
    /// How much later than its earliest start each node may start without moving the end. 0 on the critical path.
    pub slack: Vec<u64>,
    /// The length of the critical path.
    pub length: u64,
    /// The nodes that decide the length, from the first to the last: the end of each lets the next one start.
    pub critical_path: Vec<usize>,
}

impl Timeline {
    /// Lets every node start as soon as its gates are open, as in the forward pass of the critical-path method. A gate opens when
    /// as many of its members have ended as it needs, so ends are gone through in order of time.
    pub fn new(graph: &Graph, ranks: &Ranks) -> Self {
        let nodes = graph.nodes.len();
        let members = Members::new(graph);
        let mut waiting: Vec<Vec<u32>> = vec![Vec::new(); graph.gates.len()];
        let mut missing: Vec<usize> = graph.gates.iter().map(|gate| gate.need).collect();
        let mut closed = vec![0u32; nodes];
        let mut running: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
        for (node, closed) in closed.iter_mut().enumerate() {
            for gate in graph.gates_at(node).filter(|gate| missing[*gate] > 0) {
                waiting[gate].push(node as u32);
                *closed += 1;
            }
            if *closed == 0 {
                running.push(Reverse((graph.nodes[node].expected, node)));
            }
        }
        let mut start = vec![0u64; nodes];
        let mut before: Vec<Option<usize>> = vec![None; nodes];
        let (mut last, mut length) = (None, 0);
        while let Some(Reverse((end, node))) = running.pop() {
            if end >= length {
                (last, length) = (Some(node), end);
            }
            for gate in members.of(node).iter().map(|gate| *gate as usize) {
                if missing[gate] == 0 {
                    continue;
                }
                missing[gate] -= 1;
                if missing[gate] > 0 {
                    continue;
                }
                for next in std::mem::take(&mut waiting[gate]) {
                    let next = next as usize;
                    closed[next] -= 1;
                    if closed[next] == 0 {
                        start[next] = end;
                        before[next] = Some(node);
                        running.push(Reverse((end.saturating_add(graph.nodes[next].expected), next)));
                    }
                }
            }
        }
        let mut critical_path: Vec<usize> = std::iter::successors(last, |node| before[*node]).collect();
        critical_path.reverse();
        let slack = (0..nodes).map(|node| {
            let through = start[node].saturating_add(ranks.remaining[node]);
            length.saturating_sub(through)
        });
        Self {
            slack: slack.collect(),
            start,
            length,
            critical_path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Durations, Gate, Generated};
    use crate::plan::{Arrangement, Dispatch, Strategy};

    #[test]
    fn the_critical_path_takes_as_long_as_the_last_end_and_each_start_is_when_its_gates_open() {
        for (seed, strategy) in [Strategy::Dag, Strategy::Pipeline, Strategy::Batched]
            .into_iter()
            .enumerate()
        {
            let arrangement = Arrangement {
                dispatch: Dispatch::Task,
                strategy,
                threshold: 600,
                ..Arrangement::default()
            };
            let set = Generated {
                seed: seed as u64,
                plans: 6,
                tasks: 30,
                cross: 40.0,
                arrangement,
                ..Generated::default()
            }
            .plan_set();
            let graph = Graph::new(&set, &Durations::default());
            let timeline = Timeline::new(&graph, &Ranks::new(&graph, &set));
            let end = |node: usize| timeline.start[node] + graph.nodes[node].expected;
            for node in 0..graph.nodes.len() {
                let opens = graph.waits_of(node).map(|gate: Gate<'_>| {
                    let mut ends: Vec<u64> = gate.of().map(end).collect();
                    ends.sort_unstable();
                    gate.need.checked_sub(1).map_or(0, |last| ends[last])
                });
                assert_eq!(
                    timeline.start[node],
                    opens.max().unwrap_or(0),
                    "{}",
                    graph.id(node)
                );
            }
            let path = timeline.critical_path.iter();
            let sum: u64 = path.map(|node| graph.nodes[*node].expected).sum();
            assert_eq!(sum, timeline.length);
            assert_eq!((0..graph.nodes.len()).map(end).max(), Some(timeline.length));
            for pair in timeline.critical_path.windows(2) {
                assert_eq!(timeline.start[pair[1]], end(pair[0]));
            }
        }
    }
}
