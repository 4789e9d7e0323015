//! The graph of everything: tasks, phases, verifications, plans and merges, and the gates between them.

use std::collections::BTreeMap;

use crate::plan::{Dependency, Dispatch, Document, PhaseId, Plan, PlanName, PlanSet, Point, TaskId, UnitId};

use super::durations::Durations;
use super::gate::{Counts, Why};
use super::locks::FileLocks;
use super::order::{PlanOrder, plan_order};
use super::overlap::{self, PlanOverlap};

/// What a node stands for: the end of some work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Of {
    /// A task, or the VERIFY block of a phase.
    Task(TaskId),
    /// A phase with all of its tasks.
    Phase(PhaseId),
    /// The plan's own verification.
    Verify,
    /// The whole plan, finished.
    Plan,
    /// The plan on the target.
    Landed,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The plan's place in the manifest.
    pub plan: usize,
    /// What it stands for.
    pub of: Of,
    /// How long its own work is expected to take, in milliseconds. Ends of phases and plans take no time.
    pub expected: u64,
    /// Places in [`Graph::gates`]; all of them have to be open before it begins.
    pub gates: Vec<usize>,
    /// Line in the plan's document; 0 where there is none.
    pub line: usize,
    /// True when the document has it ticked.
    pub done: bool,
}

/// Opens when enough of its members have ended in a way that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeGate {
    /// Places in [`Graph::nodes`].
    pub of: Vec<usize>,
    /// How many of them.
    pub need: usize,
    /// Which ends count.
    pub counts: Counts,
    /// Why it stands there.
    pub why: Why,
}

/// The graph. Nodes stand in manifest order, then document order.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// All nodes.
    pub nodes: Vec<Node>,
    /// All gates; several nodes may wait at one.
    pub gates: Vec<NodeGate>,
    /// The order inside each plan, by its place in the manifest.
    pub orders: Vec<PlanOrder>,
    /// The files that tasks of each plan touch.
    pub locks: Vec<FileLocks>,
    /// Plans that touch the same files.
    pub overlaps: Vec<PlanOverlap>,
    places: Vec<BTreeMap<Of, usize>>,
    names: Vec<PlanName>,
    numbers: BTreeMap<PlanName, usize>,
}

impl Graph {
    /// Draws the graph of a checked plan set. References that lead nowhere are left out: checking found none.
    pub fn new(set: &PlanSet, durations: &Durations) -> Self {
        let names: Vec<PlanName> = set.plans.iter().map(|plan| plan.name.clone()).collect();
        let numbers = names
            .iter()
            .enumerate()
            .map(|(number, name)| (name.clone(), number));
        let mut graph = Self {
            nodes: Vec::new(),
            gates: Vec::new(),
            orders: Vec::new(),
            locks: Vec::new(),
            overlaps: Vec::new(),
            places: Vec::new(),
            numbers: numbers.collect(),
            names,
        };
        for (number, plan) in set.plans.iter().enumerate() {
            let locks = FileLocks::new(&plan.document);
            let order = plan_order(&plan.document, &plan.arrangement, &locks.of);
            graph.add_nodes(number, plan, &order, durations);
            graph.add_order(number, plan, &order);
            graph.orders.push(order);
            graph.locks.push(locks);
        }
        for (number, plan) in set.plans.iter().enumerate() {
            graph.add_depends(number, plan);
        }
        graph.overlaps = overlap::find(set);
        graph.serialize(set);
        graph
    }

    /// The node of a plan, phase or task; its place in [`Graph::nodes`].
    pub fn place(&self, plan: usize, of: Of) -> Option<usize> {
        self.places.get(plan)?.get(&of).copied()
    }

    /// The place of a plan in the manifest.
    pub fn plan_number(&self, plan: &PlanName) -> Option<usize> {
        self.numbers.get(plan).copied()
    }

    /// The node's id as people write it: `auth`, `auth.2`, `auth.2.3`, `auth.2.verify`, `auth.verify`, `auth@landed`.
    pub fn id(&self, node: usize) -> String {
        let node = &self.nodes[node];
        let plan = &self.names[node.plan];
        match node.of {
            Of::Task(task) => format!("{plan}.{task}"),
            Of::Phase(phase) => format!("{plan}.{phase}"),
            Of::Verify => format!("{plan}.verify"),
            Of::Plan => plan.to_string(),
            Of::Landed => format!("{plan}@landed"),
        }
    }

    /// The nodes of a plan's unit, in document order.
    pub fn unit_nodes(&self, plan: usize, unit: UnitId) -> Vec<usize> {
        let of = match unit {
            UnitId::Task(task) => return self.place(plan, Of::Task(task)).into_iter().collect(),
            UnitId::Phase(phase) => phase,
        };
        let places = &self.places[plan];
        let tasks = places.range(Of::Task(TaskId::new(of.0, 0))..=Of::Task(TaskId::verify(of)));
        let mut nodes: Vec<usize> = tasks.map(|(_, place)| *place).collect();
        nodes.sort_unstable();
        if nodes.is_empty() {
            nodes.extend(self.place(plan, Of::Phase(of)));
        }
        nodes
    }

    fn add(&mut self, node: Node) -> usize {
        let place = self.nodes.len();
        self.places[node.plan].insert(node.of, place);
        self.nodes.push(node);
        place
    }

    pub(super) fn gate(&mut self, of: Vec<usize>, counts: Counts, why: Why) -> Option<usize> {
        if of.is_empty() {
            return None;
        }
        self.gates.push(NodeGate {
            need: of.len(),
            of,
            counts,
            why,
        });
        Some(self.gates.len() - 1)
    }

    fn add_nodes(&mut self, number: usize, plan: &Plan, order: &PlanOrder, durations: &Durations) {
        self.places.push(BTreeMap::new());
        let node = |of, expected, line, done| Node {
            plan: number,
            of,
            expected,
            gates: Vec::new(),
            line,
            done,
        };
        let empty = Document::default();
        for phase in &plan.document.phases {
            let all_done = !phase.tasks.is_empty() && phase.tasks.iter().all(|task| task.ticked);
            for task in &phase.tasks {
                let expected = if task.ticked {
                    0
                } else {
                    durations.of(plan, phase, task.id)
                };
                self.add(node(Of::Task(task.id), expected, task.line, task.ticked));
            }
            let verified = phase.verify.as_ref().filter(|_| self.has_checks(plan));
            if let Some(block) = verified {
                let id = TaskId::verify(phase.id);
                let expected = if all_done {
                    0
                } else {
                    durations.of(plan, phase, id)
                };
                self.add(node(Of::Task(id), expected, block.line, all_done));
            }
            let alone = phase.tasks.is_empty() && verified.is_none();
            let own = if alone {
                durations.of(plan, phase, TaskId::verify(phase.id))
            } else {
                0
            };
            self.add(node(Of::Phase(phase.id), own, phase.line, all_done));
        }
        debug_assert_eq!(order.units.is_empty(), plan.document.phases == empty.phases);
        if plan.verify.is_some() {
            self.add(node(Of::Verify, 0, 0, false));
        }
        self.add(node(Of::Plan, 0, 0, false));
        self.add(node(Of::Landed, 0, 0, false));
    }

    /// VERIFY blocks are work of their own only where tasks are given out one by one.
    fn has_checks(&self, plan: &Plan) -> bool {
        plan.arrangement.dispatch == Dispatch::Task
    }

    /// Gates inside one plan.
    fn add_order(&mut self, number: usize, plan: &Plan, order: &PlanOrder) {
        let ends: Vec<usize> = order
            .units
            .iter()
            .map(|unit| {
                let of = match unit.id {
                    UnitId::Task(task) => Of::Task(task),
                    UnitId::Phase(phase) => Of::Phase(phase),
                };
                self.places[number].get(&of).copied().unwrap_or(0)
            })
            .collect();
        let first = self.gates.len();
        for gate in &order.gates {
            self.gates.push(NodeGate {
                of: gate.of.iter().map(|unit| ends[*unit]).collect(),
                need: gate.need,
                counts: gate.counts,
                why: gate.why,
            });
        }
        let mut last: Option<usize> = None;
        for unit in &order.units {
            let nodes = self.unit_nodes(number, unit.id);
            for (place, node) in nodes.iter().enumerate() {
                // The others come behind the first.
                if place == 0 {
                    let gates = unit.gates.iter().map(|gate| first + gate);
                    self.nodes[*node].gates.extend(gates);
                }
                let before = match (place, plan.arrangement.dispatch) {
                    (0, Dispatch::Plan) => last,
                    (0, Dispatch::Phase | Dispatch::Task) => None,
                    (place, _) => Some(nodes[place - 1]),
                };
                if let Some(before) = before {
                    let gate = self.gate(vec![before], Counts::Done, Why::OneAgent);
                    self.nodes[*node].gates.extend(gate);
                }
            }
            last = nodes.last().copied().or(last);
        }
        for phase in &plan.document.phases {
            let parts = self.unit_nodes(number, UnitId::Phase(phase.id));
            let background = phase.verify.as_ref().is_some_and(|block| block.background);
            let check = self.place(number, Of::Task(TaskId::verify(phase.id)));
            let parts = parts
                .into_iter()
                .filter(|part| !(background && Some(*part) == check));
            if let Some(end) = self.place(number, Of::Phase(phase.id)) {
                let parts: Vec<usize> = parts.filter(|part| *part != end).collect();
                let gate = self.gate(parts, Counts::Done, Why::PartOf);
                self.nodes[end].gates.extend(gate);
            }
        }
        let checks = plan.document.phases.iter().filter_map(|phase| {
            let check = Of::Task(TaskId::verify(phase.id));
            self.place(number, check)
        });
        let ends = plan
            .document
            .phases
            .iter()
            .filter_map(|phase| self.place(number, Of::Phase(phase.id)));
        let all: Vec<usize> = ends.chain(checks).collect();
        let (Some(end), Some(landed)) = (self.place(number, Of::Plan), self.place(number, Of::Landed)) else {
            return;
        };
        let verified = self.place(number, Of::Verify);
        let gate = self.gate(all, Counts::Done, Why::PartOf);
        self.nodes[verified.unwrap_or(end)].gates.extend(gate);
        if let Some(verified) = verified {
            let gate = self.gate(vec![verified], Counts::Done, Why::PartOf);
            self.nodes[end].gates.extend(gate);
        }
        let gate = self.gate(vec![end], Counts::Done, Why::Landing);
        self.nodes[landed].gates.extend(gate);
    }

    /// Gates between plans.
    fn add_depends(&mut self, number: usize, plan: &Plan) {
        let mut builds_on: Vec<usize> = Vec::new();
        let order = self.orders[number].units.iter().map(|unit| unit.id);
        let units: Vec<UnitId> = order.collect();
        for dependency in &plan.depends {
            let Some(gate) = self.dependency_gate(dependency, &mut builds_on) else {
                continue;
            };
            for unit in &units {
                self.hang(number, *unit, gate);
            }
        }
        for phase in &plan.document.phases {
            let settings = plan.phases.get(&phase.id);
            let whole = settings.into_iter().flat_map(|own| &own.depends);
            for dependency in whole {
                if let Some(gate) = self.dependency_gate(dependency, &mut builds_on) {
                    for unit in units.iter().filter(|unit| unit.phase() == phase.id) {
                        self.hang(number, *unit, gate);
                    }
                }
            }
            for task in &phase.tasks {
                for dependency in &task.cross {
                    if let Some(gate) = self.dependency_gate(dependency, &mut builds_on) {
                        let own = match plan.arrangement.dispatch {
                            Dispatch::Task => UnitId::Task(task.id),
                            Dispatch::Plan | Dispatch::Phase => UnitId::Phase(phase.id),
                        };
                        self.hang(number, own, gate);
                    }
                }
            }
        }
        builds_on.sort_unstable();
        builds_on.dedup();
        let lands: Vec<usize> = builds_on
            .into_iter()
            .filter_map(|other| self.place(other, Of::Landed))
            .collect();
        if let Some(landed) = self.place(number, Of::Landed) {
            let gate = self.gate(lands, Counts::Done, Why::Landing);
            self.nodes[landed].gates.extend(gate);
        }
    }

    /// Lets a unit wait at a gate: its first node is enough, the others come behind it.
    pub(super) fn hang(&mut self, plan: usize, unit: UnitId, gate: usize) {
        if let Some(first) = self.unit_nodes(plan, unit).first() {
            self.nodes[*first].gates.push(gate);
        }
    }

    fn dependency_gate(&mut self, dependency: &Dependency, builds_on: &mut Vec<usize>) -> Option<usize> {
        let other = self.plan_number(&dependency.on.plan)?;
        builds_on.push(other);
        let of = match dependency.on.point {
            _ if dependency.landed => Of::Landed,
            Point::Plan => Of::Plan,
            Point::Phase(phase) => Of::Phase(phase),
            Point::Task(task) => Of::Task(task),
        };
        let node = self.place(other, of)?;
        self.gate(vec![node], Counts::Done, Why::Depends)
    }
}
