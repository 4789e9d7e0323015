//! Cycles in the drawn graph: work that waits for itself because a strategy and named dependencies contradict each other.
//! Cycles between whole plans are found earlier, when the manifest is checked.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use crate::plan::{Dependency, Phase, Plan, PlanSet, Point};

use crate::graph::network::node::Of;
use crate::graph::network::whole::Graph;
use crate::graph::order::gate::{Gate, Why};
use crate::graph::ranking::rank::Ranks;

/// The largest number of cycles reported at once.
const MOST: usize = 20;

/// Nodes that wait for each other: each step's `on` is the node that waits in the next step. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle {
    /// The steps, from any node around to the same node.
    pub steps: Vec<CycleStep>,
}

/// One step of a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CycleStep {
    /// The node that waits, by its index in [`Graph::nodes`].
    pub waits: usize,
    /// The node that `waits` waits for.
    pub on: usize,
    /// The number of the gate between them in [`Graph::gates`].
    pub gate: usize,
}

/// Returns one shortest cycle for each group of nodes that wait for each other and so can never start. A gate that can open
/// without its stuck members does not block anything.
pub fn cycles(graph: &Graph) -> Vec<Cycle> {
    let stuck = Ranks::stuck_in(graph);
    if stuck.is_empty() {
        return Vec::new();
    }
    let steps = blocked(graph, &stuck);
    let groups = groups(&steps);
    let found = groups.iter().filter_map(|group| shortest(&steps, group));
    found.map(|steps| Cycle { steps }).take(MOST).collect()
}

impl Cycle {
    /// Returns the first step that a person wrote as a dependency, or else the first step.
    pub fn culprit(&self, graph: &Graph) -> Option<&CycleStep> {
        let named = |step: &&CycleStep| matches!(graph.gates.get(step.gate).why, Why::Named | Why::Depends);
        self.steps.iter().find(named).or(self.steps.first())
    }
}

/// For each stuck node, the waits that never end: the stuck members of gates that cannot open without them. Nodes that
/// merely wait behind a cycle are left out.
fn blocked(graph: &Graph, stuck: &[usize]) -> BTreeMap<usize, Vec<CycleStep>> {
    let stuck: BTreeSet<usize> = stuck.iter().copied().collect();
    let closed = |gate: Gate<'_>| gate.of().filter(|member| !stuck.contains(member)).count() < gate.need;
    let mut steps: BTreeMap<usize, Vec<CycleStep>> = BTreeMap::new();
    let mut waiters: BTreeMap<usize, usize> = BTreeMap::new();
    for &waits in &stuck {
        let own = steps.entry(waits).or_default();
        let gates = graph.gates_at(waits);
        for gate in gates.filter(|gate| closed(graph.gates.get(*gate))) {
            let members = graph.gates.get(gate).of();
            let members = members.filter(|member| stuck.contains(member));
            own.extend(members.map(|on| CycleStep { waits, on, gate }));
        }
        for step in own {
            *waiters.entry(step.on).or_default() += 1;
        }
    }
    let mut free: Vec<usize> = stuck
        .iter()
        .copied()
        .filter(|node| !waiters.contains_key(node))
        .collect();
    while let Some(node) = free.pop() {
        for step in steps.remove(&node).unwrap_or_default() {
            let left = waiters.entry(step.on).or_default();
            *left = left.saturating_sub(1);
            if *left == 0 {
                free.push(step.on);
            }
        }
    }
    steps
}

/// Groups of nodes. Within a group, each node can be reached from every other.
fn groups(steps: &BTreeMap<usize, Vec<CycleStep>>) -> Vec<BTreeSet<usize>> {
    let mut backwards: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut forwards: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for step in steps.values().flatten() {
        backwards.entry(step.on).or_default().push(step.waits);
        forwards.entry(step.waits).or_default().push(step.on);
    }
    let mut found: Vec<BTreeSet<usize>> = Vec::new();
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    for &node in steps.keys() {
        if found.len() == MOST {
            break;
        }
        if !seen.contains(&node) {
            let ahead = reach(&forwards, node);
            let group: BTreeSet<usize> = reach(&backwards, node).intersection(&ahead).copied().collect();
            seen.extend(&group);
            seen.insert(node);
            if !group.is_empty() {
                found.push(group);
            }
        }
    }
    found
}

/// Returns the nodes that can be reached from a node in one step or more.
fn reach(edges: &BTreeMap<usize, Vec<usize>>, from: usize) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(node) = open.pop() {
        for to in edges.get(&node).into_iter().flatten() {
            if seen.insert(*to) {
                open.push(*to);
            }
        }
    }
    seen
}

/// Finds the shortest cycle inside a group by a breadth-first search from each of its nodes.
fn shortest(steps: &BTreeMap<usize, Vec<CycleStep>>, group: &BTreeSet<usize>) -> Option<Vec<CycleStep>> {
    let mut best: Option<Vec<CycleStep>> = None;
    // Searching from the first nodes is enough in a large group: any cycle shows the problem.
    for &start in group.iter().take(200) {
        let mut came: BTreeMap<usize, CycleStep> = BTreeMap::new();
        let mut queue = VecDeque::from([start]);
        'search: while let Some(node) = queue.pop_front() {
            for step in steps.get(&node).into_iter().flatten() {
                if group.contains(&step.on) && !came.contains_key(&step.on) {
                    came.insert(step.on, *step);
                    if step.on == start {
                        break 'search;
                    }
                    queue.push_back(step.on);
                }
            }
        }
        let mut cycle = Vec::new();
        let mut at = start;
        while let Some(step) = came.get(&at) {
            cycle.push(*step);
            at = step.waits;
            if at == start {
                break;
            }
        }
        cycle.reverse();
        let shorter = best.as_ref().is_none_or(|best| cycle.len() < best.len());
        if !cycle.is_empty() && shorter {
            best = Some(cycle);
        }
    }
    best
}

/// Returns the file and line that cause a step. `manifest` is the manifest's path as diagnostics show it.
pub fn cycle_step_place(set: &PlanSet, graph: &Graph, step: &CycleStep, manifest: &Path) -> (PathBuf, usize) {
    let node = &graph.nodes[step.waits];
    let plan = &set.plans[node.plan];
    let in_manifest = (manifest.to_owned(), plan.line);
    let document = |line: usize| match (&plan.file, line) {
        (Some(file), 1..) => (file.clone(), line),
        _ => (manifest.to_owned(), plan.line),
    };
    let phase = match node.of {
        Of::Task(task) => plan.document.phase(task.phase),
        Of::Phase(phase) => plan.document.phase(phase),
        Of::Verify | Of::Plan | Of::Landed => None,
    };
    match graph.gates.get(step.gate).why {
        Why::Depends => match depends_line(set, graph, step, plan, phase) {
            Some(line) => document(line),
            None => in_manifest,
        },
        Why::PhaseOrder | Why::Threshold(_) | Why::PipelineStart | Why::Batch | Why::Verified => {
            document(phase.map_or(0, |phase| phase.line))
        }
        Why::Named | Why::Sequential | Why::Checks | Why::OneAgent | Why::PartOf => document(node.line),
        Why::Overlap | Why::Landing => in_manifest,
    }
}

/// Returns the document's line that names a dependency on another plan, or `None` when the manifest names the dependency.
fn depends_line(
    set: &PlanSet,
    graph: &Graph,
    step: &CycleStep,
    plan: &Plan,
    phase: Option<&Phase>,
) -> Option<usize> {
    let on = &graph.nodes[step.on];
    let names = |dependency: &&Dependency| {
        let of = match dependency.on.point {
            _ if dependency.landed => Of::Landed,
            Point::Plan => Of::Plan,
            Point::Phase(phase) => Of::Phase(phase),
            Point::Task(task) => Of::Task(task),
        };
        dependency.on.plan == set.plans[on.plan].name && of == on.of
    };
    let phase = phase?;
    let task = phase
        .tasks
        .iter()
        .find(|task| task.cross.iter().any(|cross| names(&cross)));
    let heading = phase.depends.iter().any(|own| names(&own)).then_some(phase.line);
    let upstream = plan.document.upstream.iter();
    let upstream = upstream.filter(|_| on.of == Of::Plan);
    let mut upstream = upstream.filter(|named| named.name == set.plans[on.plan].name.as_str());
    task.map(|task| task.line)
        .or(heading)
        .or_else(|| upstream.next().map(|named| named.line))
}
