//! The whole graph for scripts, gates written out as edges.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::plan::{PlanName, PlanSet};

use super::picture::NodeKind;
use super::words;
use crate::graph::network::whole::Graph;
use crate::graph::ranking::rank::Ranks;

/// `orch graph --format json`
#[derive(Debug, Clone, Serialize)]
pub struct GraphDocument<'g> {
    /// Version of the document.
    pub schema: u32,
    /// In manifest order, then document order.
    pub nodes: Vec<NodeEntry<'g>>,
    /// From what is waited for to what waits.
    pub edges: Vec<EdgeEntry>,
}

/// One node.
#[derive(Debug, Clone, Serialize)]
pub struct NodeEntry<'g> {
    /// `auth`, `auth.2`, `auth.2.3`, `auth.2.verify`, `auth.verify`, `auth@landed`.
    pub id: String,
    /// What it is.
    pub kind: NodeKind,
    /// The plan.
    pub plan: &'g PlanName,
    /// Its title.
    pub title: String,
    /// Expected seconds of its own work; ends of phases and plans take none.
    pub expected_s: f64,
    /// True on the critical path across all plans.
    pub critical: bool,
}

/// One edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EdgeEntry {
    /// What is waited for.
    pub from: String,
    /// What waits.
    pub to: String,
    /// Why.
    pub why: String,
}

/// The graph, or one plan of it with the points of others that it waits for or that wait for it.
pub fn document<'g>(
    schema: u32,
    set: &'g PlanSet,
    graph: &Graph,
    ranks: &Ranks,
    only: Option<usize>,
) -> GraphDocument<'g> {
    let critical: BTreeSet<usize> = ranks.critical_path(graph).into_iter().collect();
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
