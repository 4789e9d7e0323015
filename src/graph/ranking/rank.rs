//! Ranks work by inherited priority and by the length of the work behind it.

use crate::plan::{PlanSet, Priority};

use crate::graph::network::whole::Graph;
use crate::graph::order::waits::WaitEntry;
use crate::graph::ranking::members::Members;
use crate::graph::ranking::opening::Opening;

/// The criteria that order ready work, by node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranks {
    /// The highest priority among the node's own plan and everything that waits for the node, directly or not.
    pub priority: Vec<Priority>,
    /// Expected milliseconds from the node's start to the end of everything behind it.
    pub remaining: Vec<u64>,
    /// The nodes in an order where each comes after all that it waits for.
    pub order: Vec<usize>,
    /// Nodes that can never start, because they wait for each other.
    pub stuck: Vec<usize>,
}

impl Ranks {
    /// Ranks every node in time linear in nodes and edges: a topological order (Kahn 1962), then one backward pass as in the
    /// critical-path method.
    pub fn new(graph: &Graph, set: &PlanSet) -> Self {
        let gates_of = Members::new(graph);
        let order = Opening::new(graph).order(&gates_of);
        let own: Vec<Priority> = set.plans.iter().map(|plan| plan.priority).collect();
        let priority = graph.nodes.iter().map(|node| own[node.plan]);
        let mut priority: Vec<Priority> = priority.collect();
        // When all plans have the same priority, there is nothing to inherit.
        if own.iter().any(|other| *other != own[0]) {
            let mut behind = MostBehind::new(graph);
            for &node in order.iter().rev() {
                let highest = gates_of
                    .of(node)
                    .iter()
                    .filter_map(|gate| behind.gates[*gate as usize]);
                priority[node] = highest.fold(priority[node], Ord::max);
                behind.hand(graph, node, Some(priority[node]));
            }
        }
        let mut remaining = vec![0u64; graph.nodes.len()];
        let mut behind: MostBehind<u64> = MostBehind::new(graph);
        for &node in order.iter().rev() {
            let longest = gates_of.of(node).iter().map(|gate| behind.gates[*gate as usize]);
            let longest = longest.max().unwrap_or(0);
            remaining[node] = longest.saturating_add(graph.nodes[node].expected);
            behind.hand(graph, node, remaining[node]);
        }
        Self {
            priority,
            remaining,
            stuck: left_out(&order, graph.nodes.len()),
            order,
        }
    }

    /// Returns the nodes that can never start, as in [`Ranks::stuck`], without ranking the others.
    pub fn stuck_in(graph: &Graph) -> Vec<usize> {
        let order = Opening::new(graph).order(&Members::new(graph));
        left_out(&order, graph.nodes.len())
    }
}

/// Returns the nodes missing from an order that contains no node twice.
fn left_out(order: &[usize], nodes: usize) -> Vec<usize> {
    if order.len() == nodes {
        return Vec::new();
    }
    let mut reached = vec![false; nodes];
    for node in order {
        reached[*node] = true;
    }
    (0..nodes).filter(|node| !reached[*node]).collect()
}

/// The maximum over everything that waits behind each gate. All members of a gate share the result, so its waiters are
/// visited only once.
struct MostBehind<T> {
    gates: Vec<T>,
    /// The maximum already passed to each run of gates, so that smaller values are not passed to all of its gates again.
    runs: Vec<T>,
    /// Index of each plan's first run.
    firsts: Vec<usize>,
}

impl<T: Copy + Default + Ord> MostBehind<T> {
    fn new(graph: &Graph) -> Self {
        let mut runs = 0;
        let firsts = graph.orders.iter().map(|order| {
            runs += order.waits.run_count();
            runs - order.waits.run_count()
        });
        let firsts = firsts.collect();
        Self {
            gates: vec![T::default(); graph.gates.len()],
            runs: vec![T::default(); runs],
            firsts,
        }
    }

    /// Passes the value of a node and everything behind it to the gates at which the node waits.
    fn hand(&mut self, graph: &Graph, node: usize, most: T) {
        let waiting = graph.waits.of(node);
        let plan = waiting.plan as usize;
        if let Some(unit) = waiting.unit() {
            let waits = &graph.orders[plan].waits;
            let own = &mut self.gates[graph.firsts[plan]..];
            for entry in waits.entries(unit) {
                match entry {
                    WaitEntry::Gate(gate) => own[gate as usize] = most.max(own[gate as usize]),
                    WaitEntry::Run { from, to, run } => {
                        let known = &mut self.runs[self.firsts[plan] + run as usize];
                        if most > *known {
                            *known = most;
                            for gate in &waits.chain()[from as usize..to as usize] {
                                own[*gate as usize] = most.max(own[*gate as usize]);
                            }
                        }
                    }
                }
            }
        }
        for gate in graph.waits.own_gates(node) {
            self.gates[gate] = most.max(self.gates[gate]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Durations, Gate, Generated};
    use crate::plan::{Arrangement, Dispatch, Strategy};

    #[test]
    fn ranks_are_those_that_a_plain_look_at_every_edge_gives() {
        for (seed, dispatch) in [Dispatch::Plan, Dispatch::Phase, Dispatch::Task]
            .iter()
            .enumerate()
        {
            let arrangement = Arrangement {
                dispatch: *dispatch,
                strategy: Strategy::Dag,
                ..Arrangement::default()
            };
            let mut set = Generated {
                seed: seed as u64,
                plans: 8,
                tasks: 40,
                cross: 40.0,
                arrangement,
                ..Generated::default()
            }
            .plan_set();
            for (number, plan) in set.plans.iter_mut().enumerate() {
                plan.priority = Priority(number as i64 % 3);
            }
            let graph = Graph::new(&set, &Durations::default());
            let ranks = Ranks::new(&graph, &set);
            assert_eq!(ranks.stuck, [] as [usize; 0]);
            assert_eq!(ranks.order.len(), graph.nodes.len());
            let mut place = vec![0; graph.nodes.len()];
            for (at, node) in ranks.order.iter().enumerate() {
                place[*node] = at;
            }
            let mut behind = vec![Vec::new(); graph.nodes.len()];
            for node in 0..graph.nodes.len() {
                for member in graph.waits_of(node).flat_map(Gate::of) {
                    assert!(place[member] < place[node], "{}", graph.id(node));
                    behind[member].push(node);
                }
            }
            for (node, behind) in behind.iter().enumerate() {
                let longest = behind.iter().map(|next| ranks.remaining[*next]).max();
                let own = graph.nodes[node].expected;
                assert_eq!(ranks.remaining[node], own + longest.unwrap_or(0));
                let highest = behind.iter().map(|next| ranks.priority[*next]).max();
                let own = set.plans[graph.nodes[node].plan].priority;
                assert_eq!(ranks.priority[node], own.max(highest.unwrap_or(own)));
            }
        }
    }
}
