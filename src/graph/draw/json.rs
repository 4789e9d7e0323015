//! The whole graph for scripts. Gates are written out as edges.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::plan::{PlanName, PlanSet};

use super::picture::NodeKind;
use super::words;
use crate::graph::network::whole::Graph;
use crate::graph::ranking::rank::Ranks;
use crate::graph::ranking::timeline::Timeline;

/// The output of `orch graph --format json`.
#[derive(Debug, Clone, Serialize)]
pub struct GraphDocument<'g> {
    /// Schema version of the document.
    pub schema: u32,
    /// In manifest order, then document order.
    pub nodes: Vec<NodeEntry<'g>>,
    /// Edges from a dependency to the node that waits for it.
    pub edges: Vec<EdgeEntry>,
}

/// One node.
#[derive(Debug, Clone, Serialize)]
pub struct NodeEntry<'g> {
    /// `auth`, `auth.2`, `auth.2.3`, `auth.2.verify`, `auth.verify`, `auth@landed`.
    pub id: String,
    /// The kind of node.
    pub kind: NodeKind,
    /// The plan.
    pub plan: &'g PlanName,
    /// The node's title.
    pub title: String,
    /// Expected seconds of the node's own work. Ends of phases and plans take no time.
    pub expected_s: f64,
    /// True on the critical path across all plans.
    pub critical: bool,
}

/// One edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EdgeEntry {
    /// The dependency.
    pub from: String,
    /// The node that waits.
    pub to: String,
    /// The reason for waiting.
    pub why: String,
}

/// Returns the graph. With `only`, returns one plan of the graph and its direct neighbours in other plans.
pub fn document<'g>(
    schema: u32,
    set: &'g PlanSet,
    graph: &Graph,
    ranks: &Ranks,
    only: Option<usize>,
) -> GraphDocument<'g> {
    let path = Timeline::new(graph, ranks).critical_path;
    let critical: BTreeSet<usize> = path.into_iter().collect();
    let ids: Vec<String> = (0..graph.nodes.len()).map(|node| graph.id(node)).collect();
    let mut shown: Vec<bool> = graph
        .nodes
        .iter()
        .map(|node| only.is_none_or(|only| node.plan == only))
        .collect();
    let whys: Vec<String> = graph.gates.iter().map(|gate| words::why(graph, gate)).collect();
    let own = shown.clone();
    let mut edges = Vec::new();
    for to in 0..graph.nodes.len() {
        let mut seen: BTreeSet<(usize, &str)> = BTreeSet::new();
        for gate in graph.gates_at(to) {
            let why = whys[gate].as_str();
            for from in graph.gates.get(gate).of() {
                if (own[from] || own[to]) && seen.insert((from, why)) {
                    shown[from] = true;
                    shown[to] = true;
                    edges.push(EdgeEntry {
                        from: ids[from].clone(),
                        to: ids[to].clone(),
                        why: why.to_owned(),
                    });
                }
            }
        }
    }
    let nodes = graph.nodes.iter().enumerate().filter(|(place, _)| shown[*place]);
    GraphDocument {
        schema,
        nodes: nodes
            .map(|(place, node)| NodeEntry {
                id: ids[place].clone(),
                kind: words::kind(node.of),
                plan: &set.plans[node.plan].name,
                title: words::title(set, node),
                expected_s: node.expected as f64 / 1000.0,
                critical: critical.contains(&place),
            })
            .collect(),
        edges,
    }
}
