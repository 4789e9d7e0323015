//! The whole graph: tasks, phases, verifications, plans and merges, and the gates between them.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::plan::{Dependency, Dispatch, PhaseId, Plan, PlanName, PlanSet, Point, TaskId, UnitId};

use crate::graph::network::landings::BuildsOn;
use crate::graph::network::places::{PhasePlace, Places};
use crate::graph::network::waiting::{NodeWaits, Own};
use crate::graph::order::durations::Durations;
use crate::graph::order::gate::{Counts, Gates, Why};
use crate::graph::order::locks::FileLocks;
use crate::graph::order::plan_order::{PlanOrder, plan_order};

/// The piece of work whose end a node represents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Of {
    /// A task, or the VERIFY block of a phase.
    Task(TaskId),
    /// A phase with all of its tasks.
    Phase(PhaseId),
    /// The plan's own verification.
    Verify,
    /// The whole plan is finished.
    Plan,
    /// The plan has landed on the target.
    Landed,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The plan's index in the manifest.
    pub plan: usize,
    /// What the node represents.
    pub of: Of,
    /// Expected duration of the node's own work in milliseconds. Ends of phases and plans take no time.
    pub expected: u64,
    /// Line in the plan's document, or 0 when there is none.
    pub line: usize,
    /// True when the document has a tick for it.
    pub done: bool,
}

/// The graph. Nodes are in manifest order, then document order.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// All nodes.
    pub nodes: Vec<Node>,
    /// All gates. Several nodes may wait at one gate. Members are indexes of nodes.
    pub gates: Gates,
    /// The order inside each plan, by index in the manifest.
    pub orders: Vec<PlanOrder>,
    /// The files that tasks of each plan touch.
    pub locks: Vec<FileLocks>,
    /// The plans that each plan comes after because both touch the same files (`overlap = "serialize"`).
    pub after: Vec<Vec<usize>>,
    pub(in crate::graph) waiting: Vec<NodeWaits>,
    pub(in crate::graph) own: Vec<Own>,
    /// The number in [`Graph::gates`] of the first gate of each plan's order.
    pub(in crate::graph) firsts: Vec<usize>,
    pub(in crate::graph) places: Vec<Places>,
    /// For each plan: true when one of its tasks names another plan.
    crosses: Vec<bool>,
    names: Vec<PlanName>,
    numbers: BTreeMap<PlanName, usize>,
}

impl Graph {
    /// Builds the graph of a checked plan set. Dangling references are skipped, because the check has already rejected them.
    pub fn new(set: &PlanSet, durations: &Durations) -> Self {
        let names: Vec<PlanName> = set.plans.iter().map(|plan| plan.name.clone()).collect();
        let numbers = names
            .iter()
            .enumerate()
            .map(|(number, name)| (name.clone(), number));
        let tasks = set.plans.iter().flat_map(|plan| &plan.document.phases);
        let size = tasks.map(|phase| phase.tasks.len() + 2).sum();
        let mut graph = Self {
            nodes: Vec::with_capacity(size),
            // About one gate per node. Most gates have one or two members.
            gates: Gates::with_capacity(size, 2 * size),
            orders: Vec::with_capacity(names.len()),
            locks: Vec::with_capacity(names.len()),
            after: Vec::new(),
            waiting: Vec::with_capacity(size),
            own: Vec::with_capacity(size / 4),
            firsts: Vec::with_capacity(names.len()),
            places: Vec::with_capacity(names.len()),
            crosses: Vec::with_capacity(names.len()),
            numbers: numbers.collect(),
            names,
        };
        for (number, plan) in set.plans.iter().enumerate() {
            let locks = FileLocks::new(&plan.document);
            let order = plan_order(&plan.document, &plan.arrangement, &locks.of);
            graph.add_nodes(number, plan, durations);
            graph.add_order(number, plan, &order);
            graph.orders.push(order);
            graph.locks.push(locks);
        }
        let plans = set.plans.iter().enumerate();
        let builds_on: Vec<Vec<BuildsOn>> = plans
            .map(|(number, plan)| graph.add_depends(number, plan))
            .collect();
        graph.add_landings(&builds_on);
        graph.serialize(set);
        graph
    }

    /// Returns the index in [`Graph::nodes`] of a plan, phase or task.
    pub fn place(&self, plan: usize, of: Of) -> Option<usize> {
        self.places.get(plan)?.of(of, &self.nodes)
    }

    /// Returns the index of a plan in the manifest.
    pub fn plan_number(&self, plan: &PlanName) -> Option<usize> {
        self.numbers.get(plan).copied()
    }

    /// Returns the node's id as people write it: `auth`, `auth.2`, `auth.2.3`, `auth.2.verify`, `auth.verify`,
    /// `auth@landed`.
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

    /// Returns the nodes of a unit in document order.
    pub fn unit_nodes(&self, plan: usize, unit: UnitId) -> Range<usize> {
        let place = match unit {
            UnitId::Task(task) => self.place(plan, Of::Task(task)),
            UnitId::Phase(phase) => match self.places[plan].phase(phase) {
                Some(found) if found.has_parts() => return found.parts(),
                found => found.map(|found| found.end),
            },
        };
        place.map_or(0..0, |place| place..place + 1)
    }

    /// Returns the nodes of each unit of a plan, in the order of the units.
    pub fn nodes_of_units(&self, plan: usize) -> impl Iterator<Item = Range<usize>> + '_ {
        self.places[plan].unit_nodes(self.orders[plan].by_task)
    }

    /// Returns the task nodes of a phase, without its VERIFY block. `phase` is the phase's index in the document.
    pub fn task_nodes(&self, plan: usize, phase: usize) -> &[Node] {
        let place = &self.places[plan].phases[phase];
        &self.nodes[place.first..place.first + place.tasks]
    }

    /// Returns true when a task of the plan names another plan.
    pub fn names_others(&self, plan: usize) -> bool {
        self.crosses[plan]
    }

    fn add(&mut self, node: Node) -> usize {
        self.waiting.push(NodeWaits::of_plan(node.plan));
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn add_nodes(&mut self, number: usize, plan: &Plan, durations: &Durations) {
        let node = |of, expected, line, done| Node {
            plan: number,
            of,
            expected,
            line,
            done,
        };
        let durations = durations.of_plan(plan);
        let mut phases: Vec<PhasePlace> = Vec::with_capacity(plan.document.phases.len());
        let mut crosses = false;
        for phase in &plan.document.phases {
            let first = self.nodes.len();
            let all_done = phase.is_ticked();
            let whole = durations.of_phase(phase);
            for task in &phase.tasks {
                let ticked = task.is_ticked();
                let expected = if ticked { 0 } else { whole.task(task) };
                self.add(node(Of::Task(task.id), expected, task.line, ticked));
                crosses |= !task.cross.is_empty();
            }
            let verified = phase.verify.as_ref().filter(|_| self.has_checks(plan));
            if let Some(block) = verified {
                let id = TaskId::verify(phase.id);
                let expected = if all_done { 0 } else { whole.check() };
                self.add(node(Of::Task(id), expected, block.line, all_done));
            }
            let alone = phase.tasks.is_empty() && verified.is_none();
            let own = if alone { whole.check() } else { 0 };
            let end = self.add(node(Of::Phase(phase.id), own, phase.line, all_done));
            phases.push(PhasePlace {
                id: phase.id,
                first,
                tasks: phase.tasks.len(),
                end,
            });
        }
        let verify = plan
            .verify
            .as_ref()
            .map(|_| self.add(node(Of::Verify, 0, 0, false)));
        let end = self.add(node(Of::Plan, 0, 0, false));
        let landed = self.add(node(Of::Landed, 0, 0, false));
        self.crosses.push(crosses);
        self.places.push(Places {
            phases,
            verify,
            end,
            landed,
        });
    }

    /// VERIFY blocks are separate work only when agents get one task at a time.
    fn has_checks(&self, plan: &Plan) -> bool {
        plan.arrangement.dispatch == Dispatch::Task
    }

    /// Adds the gates inside one plan.
    fn add_order(&mut self, number: usize, plan: &Plan, order: &PlanOrder) {
        let dispatch = plan.arrangement.dispatch;
        let places = std::mem::take(&mut self.places[number]);
        let ends = places.unit_ends(dispatch == Dispatch::Task);
        debug_assert_eq!(ends.len(), order.units.len());
        self.firsts.push(self.gates.append(&order.gates, &ends));
        let mut last: Option<usize> = None;
        for (unit, nodes) in places.unit_nodes(dispatch == Dispatch::Task).enumerate() {
            for node in nodes.clone() {
                // The unit's other nodes come after the first.
                if node == nodes.start {
                    self.begin_with(node, unit, order);
                }
                let before = match (node == nodes.start, dispatch) {
                    (true, Dispatch::Plan) => last,
                    (true, Dispatch::Phase | Dispatch::Task) => None,
                    (false, _) => Some(node - 1),
                };
                if let Some(before) = before {
                    self.wait_for(node, [before], Why::OneAgent);
                }
            }
            last = Some(nodes.end - 1);
        }
        for (phase, place) in plan.document.phases.iter().zip(&places.phases) {
            let background = phase.verify.as_ref().is_some_and(|block| block.background);
            let parts = if background {
                place.first..place.first + place.tasks
            } else {
                place.parts()
            };
            self.wait_for(place.end, parts, Why::PartOf);
        }
        let phases = places.phases.iter().map(|phase| phase.end);
        let all = phases.chain(places.phases.iter().filter_map(PhasePlace::check));
        self.wait_for(places.verify.unwrap_or(places.end), all, Why::PartOf);
        if let Some(verified) = places.verify {
            self.wait_for(places.end, [verified], Why::PartOf);
        }
        self.wait_for(places.landed, [places.end], Why::Landing);
        self.places[number] = places;
    }

    /// Adds the gates between plans. Returns the plans that this plan builds on.
    fn add_depends(&mut self, number: usize, plan: &Plan) -> Vec<BuildsOn> {
        let mut builds_on: Vec<BuildsOn> = Vec::new();
        for dependency in &plan.depends {
            if let Some(gate) = self.dependency_gate(dependency, &mut builds_on) {
                self.hang_all(number, gate);
            }
        }
        let names_others = self.crosses[number];
        let waits = names_others || plan.phases.values().any(|own| !own.depends.is_empty());
        let phases = plan.document.phases.iter().enumerate();
        for (place, phase) in phases.filter(|_| waits) {
            let settings = plan.phases.get(&phase.id);
            let whole = settings.into_iter().flat_map(|own| &own.depends);
            for dependency in whole {
                if let Some(gate) = self.dependency_gate(dependency, &mut builds_on) {
                    self.hang_phase(number, place, gate);
                }
            }
            let tasks = phase.tasks.iter().enumerate();
            for (task, named) in tasks.filter(|_| names_others) {
                for dependency in &named.cross {
                    if let Some(gate) = self.dependency_gate(dependency, &mut builds_on) {
                        let own = self.places[number].phases[place];
                        let head = match plan.arrangement.dispatch {
                            Dispatch::Task => own.first + task,
                            Dispatch::Plan | Dispatch::Phase => own.head(),
                        };
                        self.hang(head, gate);
                    }
                }
            }
        }
        builds_on.sort_unstable();
        builds_on.dedup();
        builds_on
    }

    fn dependency_gate(&mut self, dependency: &Dependency, builds_on: &mut Vec<BuildsOn>) -> Option<usize> {
        let other = self.plan_number(&dependency.on.plan)?;
        builds_on.push(BuildsOn::new(other, dependency.on.point));
        let of = match dependency.on.point {
            _ if dependency.landed => Of::Landed,
            Point::Plan => Of::Plan,
            Point::Phase(phase) => Of::Phase(phase),
            Point::Task(task) => Of::Task(task),
        };
        let node = self.place(other, of)?;
        self.gates.all([node], Counts::Done, Why::Depends)
    }
}
