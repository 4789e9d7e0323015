//! Cycles across plans and phases.
//!
//! Waiting is finer than plans: `a.1` may wait for `b.2` while `b.3` waits for `a.1`. So every plan has these nodes: a start, a
//! start and an end for each phase, an end, and a landing. A phase waits for the end of the phase before it. A plan lands after
//! it has ended and after every plan that it builds on has landed. Work in a cycle of this graph can never continue.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::documents::Loaded;
use super::ledger::Ledger;
use super::waits::WrittenWait;
use crate::plan::{Diagnostic, Document, PhaseId, PlanName, Point};

/// Why one node waits for another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WaitReason {
    /// The plan's own order.
    Order,
    /// The other plan has to land first.
    Landing,
    /// The written wait with this index.
    Written(usize),
}

struct WaitGraph {
    edges: Vec<Vec<(usize, WaitReason)>>,
    labels: Vec<String>,
}

/// The nodes of one plan.
struct Nodes {
    start: usize,
    /// Start and end of each phase.
    phases: BTreeMap<PhaseId, (usize, usize)>,
    end: usize,
    landed: usize,
}

impl WaitGraph {
    fn node(&mut self, label: String) -> usize {
        self.edges.push(Vec::new());
        self.labels.push(label);
        self.edges.len() - 1
    }

    fn plan(&mut self, name: &PlanName, document: Option<&Document>) -> Nodes {
        let start = self.node(name.to_string());
        let mut phases = BTreeMap::new();
        let mut last = start;
        for phase in document.iter().flat_map(|document| &document.phases) {
            let label = format!("{name}.{}", phase.id);
            let first = self.node(label.clone());
            let end = self.node(label);
            self.edges[first].push((last, WaitReason::Order));
            self.edges[end].push((first, WaitReason::Order));
            phases.insert(phase.id, (first, end));
            last = end;
        }
        let end = self.node(name.to_string());
        let landed = self.node(format!("{name}@landed"));
        self.edges[end].push((last, WaitReason::Order));
        self.edges[landed].push((end, WaitReason::Order));
        Nodes {
            start,
            phases,
            end,
            landed,
        }
    }

    /// The two nodes of each edge.
    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let nodes = self.edges.iter().enumerate();
        nodes.flat_map(|(from, edges)| edges.iter().map(move |(to, _)| (from, *to)))
    }
}

/// Adds to `waits` those waits of `more` that are in no cycle when all of them are added.
pub(super) fn add_what_closes_none(
    names: &[PlanName],
    documents: &BTreeMap<PlanName, Loaded>,
    waits: &mut Vec<WrittenWait>,
    more: Vec<WrittenWait>,
) {
    if more.is_empty() {
        return;
    }
    let first = waits.len();
    waits.extend(more);
    let graph = drawn(names, documents, waits);
    let mut circular = BTreeSet::new();
    for group in groups_in_cycles(graph.pairs()) {
        let inside: BTreeSet<usize> = group.into_iter().collect();
        for from in &inside {
            let edges = graph.edges[*from].iter().filter(|(to, _)| inside.contains(to));
            circular.extend(edges.filter_map(|(_, why)| match why {
                WaitReason::Written(number) => Some(*number),
                WaitReason::Order | WaitReason::Landing => None,
            }));
        }
    }
    let mut number = 0..;
    waits.retain(|_| {
        number
            .next()
            .is_none_or(|number| number < first || !circular.contains(&number))
    });
}

/// Reports one cycle for every group of plans that wait for each other in a cycle. The references of all waits must exist.
pub(super) fn check(
    names: &[PlanName],
    documents: &BTreeMap<PlanName, Loaded>,
    waits: &[WrittenWait],
    ledger: &mut Ledger,
) {
    let graph = drawn(names, documents, waits);
    for group in groups_in_cycles(graph.pairs()) {
        if let Some(cycle) = shortest(&graph.edges, &group) {
            ledger.diagnostics.push(diagnostic(&graph, &cycle, waits));
        }
    }
}

/// The graph of all waits, with the inner order of the plans that wait or are waited for. Other plans are in no cycle.
fn drawn(names: &[PlanName], documents: &BTreeMap<PlanName, Loaded>, waits: &[WrittenWait]) -> WaitGraph {
    let mut graph = WaitGraph {
        edges: Vec::new(),
        labels: Vec::new(),
    };
    let involved = waits
        .iter()
        .flat_map(|wait| [&wait.plan, &wait.dependency.on.plan]);
    let involved: BTreeSet<&PlanName> = involved.collect();
    let mut nodes = BTreeMap::new();
    for name in names.iter().filter(|name| involved.contains(name)) {
        let document = documents.get(name).map(|loaded| &*loaded.document);
        nodes.insert(name, graph.plan(name, document));
    }
    for (number, wait) in waits.iter().enumerate() {
        let (Some(own), Some(other)) = (nodes.get(&wait.plan), nodes.get(&wait.dependency.on.plan)) else {
            continue;
        };
        let from = match wait.phase {
            None => Some(own.start),
            Some(id) => own.phases.get(&id).map(|(start, _)| *start),
        };
        let phase = |id: PhaseId| other.phases.get(&id);
        let to = match wait.dependency.on.point {
            _ if wait.dependency.landed => Some(other.landed),
            Point::Plan => Some(other.end),
            Point::Phase(id) => phase(id).map(|(_, end)| *end),
            // A task may be done before its phase is done, but not before its phase has begun.
            Point::Task(id) => phase(id.phase).map(|(start, _)| *start),
        };
        if let (Some(from), Some(to)) = (from, to) {
            graph.edges[from].push((to, WaitReason::Written(number)));
            graph.edges[own.landed].push((other.landed, WaitReason::Landing));
        }
    }
    graph
}

/// The nodes of each strongly connected component that has more than one node.
pub(super) fn groups_in_cycles(edges: impl Iterator<Item = (usize, usize)>) -> Vec<Vec<usize>> {
    let index = |(from, to)| (NodeIndex::<usize>::new(from), NodeIndex::new(to));
    let graph = DiGraph::<(), (), usize>::from_edges(edges.map(index));
    let groups = kosaraju_scc(&graph).into_iter().filter(|group| group.len() > 1);
    let groups = groups.map(|group| group.into_iter().map(NodeIndex::index).collect());
    groups.collect()
}

/// A step of a cycle: from, to, why.
type WaitEdge = (usize, usize, WaitReason);

/// The shortest cycle inside a group through its first written wait.
fn shortest(edges: &[Vec<(usize, WaitReason)>], group: &[usize]) -> Option<Vec<WaitEdge>> {
    let inside: BTreeSet<usize> = group.iter().copied().collect();
    let written = inside
        .iter()
        .flat_map(|from| edges[*from].iter().map(move |(to, why)| (*from, *to, *why)));
    let first = written
        .filter(|(_, to, why)| inside.contains(to) && matches!(why, WaitReason::Written(_)))
        .min_by_key(|(_, _, why)| match why {
            WaitReason::Written(number) => *number,
            WaitReason::Order | WaitReason::Landing => usize::MAX,
        })?;
    let (goal, start, _) = first;
    let mut came: BTreeMap<usize, WaitEdge> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        if node == goal {
            break;
        }
        for (to, why) in &edges[node] {
            if inside.contains(to) && *to != start && !came.contains_key(to) {
                came.insert(*to, (node, *to, *why));
                queue.push_back(*to);
            }
        }
    }
    let mut steps = Vec::new();
    let mut at = goal;
    while at != start {
        let step = came.get(&at)?;
        steps.push(*step);
        at = step.0;
    }
    steps.push(first);
    steps.reverse();
    Some(steps)
}

fn diagnostic(graph: &WaitGraph, cycle: &[WaitEdge], waits: &[WrittenWait]) -> Diagnostic {
    let mut path: Vec<&str> = Vec::new();
    let mut reasons: Vec<String> = Vec::new();
    for (from, to, why) in cycle {
        let (from, to) = (graph.labels[*from].as_str(), graph.labels[*to].as_str());
        match why {
            WaitReason::Order => continue,
            WaitReason::Landing => reasons.push(format!("`{from}` comes after `{to}`")),
            WaitReason::Written(number) => {
                let wait = &waits[*number];
                let place = format!("{}:{}", wait.file.display(), wait.line);
                reasons.push(format!("`{from}` waits for `{}` ({place})", wait.dependency));
            }
        }
        for label in [from, to] {
            if path.last() != Some(&label) {
                path.push(label);
            }
        }
    }
    if path.first() != path.last() {
        path.push(path[0]);
    }
    let message = format!("dependency cycle: {}", path.join(" → "));
    let hint = format!("{}; one of them has to go", reasons.join(", "));
    let first = cycle.iter().find_map(|(_, _, why)| match why {
        WaitReason::Written(number) => Some(&waits[*number]),
        WaitReason::Order | WaitReason::Landing => None,
    });
    let mut diagnostic =
        Diagnostic::of_file(first.map_or("".as_ref(), |wait| wait.file.as_path()), message).hint(hint);
    diagnostic.line = first.map(|wait| wait.line);
    diagnostic.column = first.and_then(|wait| wait.column);
    diagnostic
}
