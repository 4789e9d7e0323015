//! Builds the graph of a plan set.

use crate::plan::{Dependency, Dispatch, FinishCheck, Plan, PlanName, PlanSet, Point, TaskId};

use crate::graph::network::landings::{BuildsOn, landings};
use crate::graph::network::node::{Node, Of};
use crate::graph::network::places::{PhasePlace, Places};
use crate::graph::network::serialize::serialize;
use crate::graph::network::wait_lists::WaitLists;
use crate::graph::network::whole::Graph;
use crate::graph::order::durations::{Durations, PlanDurations};
use crate::graph::order::gate::{Counts, Gates, Why};
use crate::graph::order::locks::FileLocks;
use crate::graph::order::ordering::plan_order;
use crate::graph::order::plan_order::PlanOrder;

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
            waits: WaitLists::with_capacity(size),
            firsts: Vec::with_capacity(names.len()),
            places: Vec::with_capacity(names.len()),
            crosses: Vec::with_capacity(names.len()),
            numbers: numbers.collect(),
            names,
        };
        let factors = durations.factors(&set.plans);
        for (number, plan) in set.plans.iter().enumerate() {
            let locks = FileLocks::new(&plan.document);
            let order = plan_order(&plan.document, &plan.arrangement, &locks.of, set.slots_of(plan));
            graph.add_nodes(number, plan, &durations.of_plan(plan, factors.of(&plan.agent)));
            graph.add_order(number, plan, &order);
            graph.orders.push(order);
            graph.locks.push(locks);
        }
        let plans = set.plans.iter().enumerate();
        let builds_on: Vec<Vec<BuildsOn>> = plans
            .map(|(number, plan)| graph.add_depends(number, plan))
            .collect();
        for (number, before) in landings(&builds_on).into_iter().enumerate() {
            let before: Vec<usize> = before.iter().map(|on| graph.places[*on].landed).collect();
            graph.wait_for(graph.places[number].landed, before, Why::Landing);
        }
        serialize(&mut graph, set);
        graph
    }

    fn add(&mut self, node: Node) -> usize {
        self.waits.add(node.plan);
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn add_nodes(&mut self, number: usize, plan: &Plan, durations: &PlanDurations<'_>) {
        let node = |of, expected, line, done| Node {
            plan: number,
            of,
            expected,
            line,
            done,
        };
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
        let checked = !FinishCheck::of_plan(plan).is_empty();
        let verify = checked.then(|| self.add(node(Of::Verify, 0, 0, false)));
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
                        self.waits.hang(head, gate);
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

    /// Makes a node wait at all gates of the unit that starts with it.
    fn begin_with(&mut self, node: usize, unit: usize, order: &PlanOrder) {
        if !self.waits.begin_with(node, unit) {
            let first = self.firsts[self.nodes[node].plan];
            for gate in order.waits.of(unit) {
                self.waits.hang(node, first + gate);
            }
        }
    }

    /// Makes a node wait for all nodes in `of`. Does nothing when `of` is empty.
    fn wait_for(&mut self, node: usize, of: impl IntoIterator<Item = usize>, why: Why) {
        if let Some(gate) = self.gates.all(of, Counts::Done, why) {
            self.waits.hang(node, gate);
        }
    }
}
