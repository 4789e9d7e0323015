//! Turns a graph into a picture: nodes become shapes, gates become links.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{FinishCheck, PlanSet, Strategy, TaskId, UnitId};

use super::picture::{Edge, Lane, NodeKind, NodeShape, Picture, View};
use super::{reduce, words};
use crate::graph::network::node::Of;
use crate::graph::network::whole::Graph;
use crate::graph::order::gate::{Counts, Gate};
use crate::graph::ranking::rank::Ranks;
use crate::graph::ranking::timeline::Timeline;

/// A picture under construction.
pub(super) struct Draft<'g> {
    set: &'g PlanSet,
    graph: &'g Graph,
    view: View,
    path: Vec<usize>,
    /// Expected milliseconds of each plan.
    work: Vec<u64>,
    on_path: BTreeSet<(usize, usize)>,
    shapes: Vec<NodeShape>,
    lanes: Vec<Lane>,
    lane_of: BTreeMap<usize, usize>,
    shape_of: BTreeMap<usize, usize>,
    joints: BTreeMap<(Vec<usize>, usize, bool), usize>,
    partial: BTreeSet<usize>,
    links: BTreeMap<(usize, usize), Edge>,
}

impl Picture {
    /// Builds the picture that a view shows of a graph.
    pub fn new(set: &PlanSet, graph: &Graph, ranks: &Ranks, view: View) -> Self {
        let mut draft = Draft::new(set, graph, ranks, view);
        draft.add_links();
        draft.finish()
    }
}

impl<'g> Draft<'g> {
    pub(super) fn new(set: &'g PlanSet, graph: &'g Graph, ranks: &Ranks, view: View) -> Self {
        let path = Timeline::new(graph, ranks).critical_path;
        let mut work = vec![0; set.plans.len()];
        for node in &graph.nodes {
            work[node.plan] += node.expected;
        }
        let mut draft = Self {
            set,
            graph,
            view,
            on_path: path.windows(2).map(|pair| (pair[0], pair[1])).collect(),
            path,
            work,
            shapes: Vec::new(),
            lanes: Vec::new(),
            lane_of: BTreeMap::new(),
            shape_of: BTreeMap::new(),
            joints: BTreeMap::new(),
            partial: BTreeSet::new(),
            links: BTreeMap::new(),
        };
        let beside = draft.beside();
        for (place, node) in graph.nodes.iter().enumerate() {
            let own = view.only.is_none_or(|only| only == node.plan);
            if own && draft.shown(place) == place || beside.contains(&place) {
                draft.add_shape(place);
            }
        }
        draft
    }

    /// Returns the node that represents `node` in the picture.
    fn shown(&self, node: usize) -> usize {
        let found = &self.graph.nodes[node];
        let fine = self.view.tasks && self.view.only.is_none_or(|only| only == found.plan);
        let coarse = match found.of {
            Of::Task(task) if !fine => self.graph.place(found.plan, Of::Phase(task.phase)),
            Of::Verify if !fine => self.graph.place(found.plan, Of::Plan),
            Of::Task(_) | Of::Phase(_) | Of::Verify | Of::Plan | Of::Landed => None,
        };
        coarse.unwrap_or(node)
    }

    /// When only one plan is shown: nodes of other plans directly before or behind it.
    fn beside(&self) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let Some(only) = self.view.only else {
            return found;
        };
        for (place, node) in self.graph.nodes.iter().enumerate() {
            for member in self.graph.waits_of(place).flat_map(Gate::of) {
                match (node.plan == only, self.graph.nodes[member].plan == only) {
                    (true, false) => found.insert(self.shown(member)),
                    (false, true) => found.insert(self.shown(place)),
                    _ => false,
                };
            }
        }
        found
    }

    fn lane(&mut self, number: usize) -> usize {
        if let Some(lane) = self.lane_of.get(&number) {
            return *lane;
        }
        let plan = &self.set.plans[number];
        let dispatch = match plan.arrangement.dispatch {
            crate::plan::Dispatch::Plan => "by plan",
            crate::plan::Dispatch::Phase => "by phase",
            crate::plan::Dispatch::Task => "by task",
        };
        self.lanes.push(Lane {
            name: plan.name.to_string(),
            title: plan.document.title.clone(),
            about: format!(
                "{} · {} · {dispatch}",
                plan.priority,
                strategy_words(&self.graph.orders[number].strategies)
            ),
            work: self.work[number],
        });
        self.lane_of.insert(number, self.lanes.len() - 1);
        self.lanes.len() - 1
    }

    fn add_shape(&mut self, place: usize) {
        let node = &self.graph.nodes[place];
        let parts = match node.of {
            Of::Phase(phase) => self.graph.unit_nodes(node.plan, UnitId::Phase(phase)),
            Of::Task(_) | Of::Verify | Of::Plan | Of::Landed => place..place + 1,
        };
        let lane = self.lane(node.plan);
        let fine = self.view.tasks && self.view.only.is_none_or(|only| only == node.plan);
        let work = match node.of {
            Of::Plan => self.lanes[lane].work,
            Of::Task(_) | Of::Phase(_) | Of::Verify | Of::Landed => {
                parts.map(|part| self.graph.nodes[part].expected).sum()
            }
        };
        let (phase, label) = match node.of {
            Of::Task(task) => (Some(task.phase), task.to_string()),
            Of::Phase(phase) => (Some(phase), phase.to_string()),
            Of::Verify => (None, "verify".to_owned()),
            Of::Plan => (None, self.set.plans[node.plan].name.to_string()),
            Of::Landed => (None, "landed".to_owned()),
        };
        self.shape_of.insert(place, self.shapes.len());
        self.shapes.push(NodeShape {
            id: self.graph.id(place),
            kind: words::kind(node.of),
            lane,
            phase,
            label,
            title: words::title(self.set, node),
            work,
            critical: false,
            done: node.done,
            check: (node.of == Of::Plan && !fine)
                .then(|| FinishCheck::plan_line(&self.set.plans[node.plan]))
                .flatten(),
            whole: !fine,
        });
    }

    pub(super) fn add_links(&mut self) {
        let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); self.graph.gates.len()];
        for place in 0..self.graph.nodes.len() {
            for gate in self.graph.gates_at(place) {
                waiting[gate].push(place);
            }
        }
        for (gate, waiters) in waiting.iter().enumerate() {
            self.add_gate(gate, waiters);
        }
    }

    fn mapped(&self, nodes: &[usize]) -> Vec<usize> {
        let shapes = nodes
            .iter()
            .filter_map(|node| self.shape_of.get(&self.shown(*node)));
        let shapes: BTreeSet<usize> = shapes.copied().collect();
        shapes.into_iter().collect()
    }

    fn add_gate(&mut self, number: usize, waiters: &[usize]) {
        let gate = self.graph.gates.get(number);
        let members: Vec<usize> = gate.of().collect();
        let (from, to) = (self.mapped(&members), self.mapped(waiters));
        let mut why = words::why(self.graph, gate);
        let settled = gate.counts == Counts::Settled;
        let part = gate.need < members.len();
        // The parts of the critical path through this gate: one member and one waiter each.
        let steps: Vec<(usize, usize)> = waiters
            .iter()
            .flat_map(|waiter| members.iter().map(move |member| (*member, *waiter)))
            .filter(|step| !self.on_path.is_empty() && self.on_path.contains(step))
            .collect();
        let shape = |node: usize| self.shape_of.get(&self.shown(node)).copied();
        let steps: Vec<(usize, usize)> = steps
            .into_iter()
            .filter_map(|(from, to)| Some((shape(from)?, shape(to)?)))
            .collect();
        let many = from.len() > 1 && from.len() * to.len() > from.len() + to.len() + 1;
        let middle = if from.len() > 1 && part {
            why += &format!(" ({} of {})", gate.need, members.len());
            Some(self.joint(&from, gate.need, settled, &why, true))
        } else if many {
            let phase = self.whole_phase(&members).filter(|_| !settled);
            Some(phase.unwrap_or_else(|| self.joint(&from, from.len(), settled, &why, false)))
        } else {
            None
        };
        match middle {
            Some(middle) => {
                let critical = |at: usize, one: usize, steps: &[(usize, usize)]| {
                    steps
                        .iter()
                        .any(|step| one == if at == 0 { step.0 } else { step.1 })
                };
                if self.shapes[middle].kind == NodeKind::Joint {
                    for from in &from {
                        let on_path = critical(0, *from, &steps);
                        self.link(*from, middle, &why, on_path, settled);
                    }
                } else {
                    for from in from.iter().filter(|from| critical(0, **from, &steps)) {
                        self.link(*from, middle, "part of", true, false);
                    }
                }
                for to in to {
                    let on_path = critical(1, to, &steps);
                    self.link(middle, to, &why, on_path, settled);
                }
            }
            None => {
                for from in &from {
                    for to in &to {
                        self.link(*from, *to, &why, steps.contains(&(*from, *to)), settled);
                    }
                }
            }
        }
    }

    /// Returns the shape of the phase that consists of exactly these tasks. Linking from that shape says the same with fewer
    /// links.
    fn whole_phase(&self, members: &[usize]) -> Option<usize> {
        let first = &self.graph.nodes[*members.first()?];
        let Of::Task(TaskId { phase, .. }) = first.of else {
            return None;
        };
        let of_task =
            |node: &usize| matches!(self.graph.nodes[*node].of, Of::Task(task) if !task.is_verify());
        let all = self.graph.unit_nodes(first.plan, UnitId::Phase(phase));
        let all: Vec<usize> = all.filter(of_task).collect();
        let mut members = members.to_vec();
        members.sort_unstable();
        (all == members).then_some(())?;
        let end = self.graph.place(first.plan, Of::Phase(phase))?;
        self.shape_of.get(&end).copied()
    }

    fn joint(&mut self, from: &[usize], need: usize, settled: bool, why: &str, partial: bool) -> usize {
        let key = (from.to_vec(), need, settled);
        if let Some(known) = self.joints.get(&key) {
            return *known;
        }
        let place = self.shapes.len();
        self.shapes.push(NodeShape {
            id: format!("joint {}", self.joints.len() + 1),
            kind: NodeKind::Joint,
            lane: self.shapes[from[0]].lane,
            phase: None,
            label: why.to_owned(),
            title: why.to_owned(),
            work: 0,
            critical: false,
            done: false,
            check: None,
            whole: false,
        });
        self.joints.insert(key, place);
        if partial {
            self.partial.insert(place);
        }
        place
    }

    fn link(&mut self, from: usize, to: usize, why: &str, critical: bool, settled: bool) {
        if from == to {
            return;
        }
        let link = self.links.entry((from, to)).or_insert_with(|| Edge {
            from,
            to,
            why: Vec::new(),
            critical: false,
            settled: true,
        });
        link.critical |= critical;
        link.settled &= settled;
        if !link.why.iter().any(|known| known == why) {
            link.why.push(why.to_owned());
        }
    }

    /// When only one plan is shown: removes links and shapes that concern only other plans.
    fn keep_own(&mut self, mut links: Vec<Edge>) -> Vec<Edge> {
        let Some(own) = self.view.only.and_then(|only| self.lane_of.get(&only)) else {
            return links;
        };
        links.retain(|link| {
            [link.from, link.to]
                .iter()
                .any(|end| self.shapes[*end].lane == *own)
        });
        let linked: BTreeSet<usize> = links.iter().flat_map(|link| [link.from, link.to]).collect();
        let is_kept = |(place, shape): &(usize, &NodeShape)| shape.lane == *own || linked.contains(place);
        let kept: Vec<usize> = self
            .shapes
            .iter()
            .enumerate()
            .filter(is_kept)
            .map(|(place, _)| place)
            .collect();
        let place: BTreeMap<usize, usize> = kept.iter().enumerate().map(|(new, old)| (*old, new)).collect();
        let all = std::mem::take(&mut self.shapes).into_iter().enumerate();
        self.shapes = all
            .filter(|(old, _)| place.contains_key(old))
            .map(|(_, shape)| shape)
            .collect();
        for link in &mut links {
            (link.from, link.to) = (place[&link.from], place[&link.to]);
        }
        links
    }

    pub(super) fn finish(mut self) -> Picture {
        let mut path: Vec<usize> = self.path.iter().map(|node| self.shown(*node)).collect();
        path.dedup();
        for shape in path.iter().filter_map(|node| self.shape_of.get(node)) {
            self.shapes[*shape].critical = true;
        }
        let links = std::mem::take(&mut self.links).into_values().collect();
        let links = reduce::reduce(self.shapes.len(), links, &self.partial);
        let links = self.keep_own(links);
        for link in links.iter().filter(|link| link.critical) {
            for end in [link.from, link.to] {
                self.shapes[end].critical = true;
            }
        }
        Picture {
            lanes: self.lanes,
            shapes: self.shapes,
            links,
            length: self
                .path
                .iter()
                .map(|node| self.graph.nodes[*node].expected)
                .sum(),
            path: path.iter().map(|node| self.graph.id(*node)).collect(),
            only: self.view.only.map(|only| self.set.plans[only].name.to_string()),
        }
    }
}

/// Returns the strategies of a plan's phases, each named once.
fn strategy_words(strategies: &[Strategy]) -> String {
    let different: BTreeSet<Strategy> = strategies.iter().copied().collect();
    let different: Vec<String> = different.iter().map(ToString::to_string).collect();
    different.join(", ")
}
