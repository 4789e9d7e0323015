//! The graph of phases across plans: which phase comes after which, how long the path behind each one is, and which
//! priority a plan inherits from what waits for it.

use std::collections::BTreeMap;

use crate::plan::{PhaseId, PlanName, PlanSet, Point, Priority};

/// A node: a phase of a plan, or the plan's end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PhaseNode {
    /// The plan.
    pub plan: PlanName,
    /// The phase; none for the end of the plan, which comes after all of its phases.
    pub phase: Option<PhaseId>,
}

/// What the order among ready work is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhaseRank {
    /// The highest priority among the plan and all that waits for it, directly or not.
    pub priority: Priority,
    /// Longest path from the phase's start to the end of everything behind it, in tasks of equal duration.
    pub remaining: u64,
}

/// The graph. Node numbers follow manifest order, then document order; edges point from earlier to later work.
#[derive(Debug, Clone)]
pub struct PhaseGraph {
    nodes: Vec<PhaseNode>,
    weight: Vec<u64>,
    priority: Vec<Priority>,
    later: Vec<Vec<usize>>,
    index: BTreeMap<PhaseNode, usize>,
}

impl PhaseGraph {
    /// Draws the graph of a checked plan set. References that lead nowhere are left out: checking found none.
    pub fn new(set: &PlanSet) -> Self {
        let mut graph = Self {
            nodes: Vec::new(),
            weight: Vec::new(),
            priority: Vec::new(),
            later: Vec::new(),
            index: BTreeMap::new(),
        };
        for plan in &set.plans {
            let phases = plan.document.phases.iter().map(|phase| {
                let open = phase.tasks.iter().filter(|task| !task.ticked).count();
                (Some(phase.id), open as u64)
            });
            for (phase, weight) in phases.chain([(None, 0)]) {
                let node = PhaseNode {
                    plan: plan.name.clone(),
                    phase,
                };
                graph.index.insert(node.clone(), graph.nodes.len());
                graph.nodes.push(node);
                graph.weight.push(weight);
                graph.priority.push(plan.priority);
                graph.later.push(Vec::new());
            }
        }
        let mut first = 0;
        for plan in &set.plans {
            let end = first + plan.document.phases.len();
            for node in first..end {
                graph.later[node].push(node + 1);
            }
            for dependency in &plan.depends {
                graph.connect(&dependency.on.plan, dependency.on.point, first);
            }
            first = end + 1;
        }
        for plan in &set.plans {
            for phase in &plan.document.phases {
                let node = PhaseNode {
                    plan: plan.name.clone(),
                    phase: Some(phase.id),
                };
                if let Some(&to) = graph.index.get(&node) {
                    for dependency in plan.phase_waits(phase.id) {
                        graph.connect(&dependency.on.plan, dependency.on.point, to);
                    }
                }
            }
        }
        graph
    }

    fn connect(&mut self, plan: &PlanName, point: Point, to: usize) {
        let phase = match point {
            Point::Plan => None,
            Point::Phase(phase) => Some(phase),
            Point::Task(task) => Some(task.phase),
        };
        let node = PhaseNode {
            plan: plan.clone(),
            phase,
        };
        if let Some(&from) = self.index.get(&node) {
            self.later[from].push(to);
        }
    }

    /// The rank of every node. One pass over the nodes in reverse topological order, so linear in nodes and edges.
    pub fn ranks(&self) -> BTreeMap<PhaseNode, PhaseRank> {
        let mut remaining = vec![0u64; self.nodes.len()];
        let mut priority = self.priority.clone();
        for node in self.latest_first() {
            for &next in &self.later[node] {
                remaining[node] = remaining[node].max(remaining[next]);
                priority[node] = priority[node].max(priority[next]);
            }
            remaining[node] += self.weight[node];
        }
        self.nodes
            .iter()
            .enumerate()
            .map(|(i, node)| {
                let rank = PhaseRank {
                    priority: priority[i],
                    remaining: remaining[i],
                };
                (node.clone(), rank)
            })
            .collect()
    }

    /// Nodes so that each comes after everything behind it: depth-first postorder, without recursion.
    fn latest_first(&self) -> Vec<usize> {
        let mut seen = vec![false; self.nodes.len()];
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut stack = Vec::new();
        for start in 0..self.nodes.len() {
            if seen[start] {
                continue;
            }
            seen[start] = true;
            stack.push((start, 0));
            while let Some((node, next)) = stack.pop() {
                match self.later[node].get(next) {
                    Some(&child) => {
                        stack.push((node, next + 1));
                        if !seen[child] {
                            seen[child] = true;
                            stack.push((child, 0));
                        }
                    }
                    None => order.push(node),
                }
            }
        }
        order
    }
}
