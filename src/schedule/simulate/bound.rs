//! Lower bounds of the time that some work takes.

use std::collections::{BTreeMap, HashMap};

use crate::plan::{Dispatch, PhaseId, PlanName, Point, TaskId, UnitId};

use crate::schedule::work::files_in_turn::FilesInTurn;
use crate::schedule::work::plans::{PlanWork, Work};

/// How many heads, and how many tails, are paired. More would hardly improve the bound.
const STEPS: usize = 24;
/// The most nodes for which such pairs are examined. For larger work, the sum of all work decides.
const PAIRED_AT_MOST: usize = 50_000;

/// A lower bound, in milliseconds, of the time for the work, when each unit takes as long as `took` says (by the plan's index and
/// the unit's index in the plan). The bound is the largest of
///
/// - the longest path, where a gate that needs some of its members opens with the earliest of them;
/// - for each set of units that begin late and have much behind them: the `m` earliest of their beginnings, all of their work and
///   the `m` shortest of their ends, shared among the `m` slots (Carlier and Pinson 1998; with all units it is more than the work
///   divided by the slots). This is the bound of Fernandez and Bussell 1973 over intervals, for the intervals that begin at such
///   a beginning and end at such an end;
/// - the same sum without beginnings and ends for each resource's tokens, each agent's limit and each plan's lanes.
pub fn lower_bound(work: &Work, took: &dyn Fn(usize, usize) -> u64) -> u64 {
    let net = Net::new(work, took);
    let heads = net.heads(work);
    let path = (0..net.nodes.len()).map(|node| heads[node] + net.nodes[node].took);
    let mut bound = path.max().unwrap_or(0).max(limits(work, took));
    let total: u64 = net.nodes.iter().map(|node| node.took).sum();
    let slots = work.all_slots().max(1);
    bound = bound.max(total.div_ceil(slots as u64));
    if net.nodes.len() <= PAIRED_AT_MOST {
        bound = bound.max(paired(&net, &heads, slots));
    }
    bound
}

/// A unit, a task inside one, or the end of a phase or plan.
#[derive(Debug, Default)]
struct BoundNode {
    took: u64,
    waits: Vec<usize>,
    /// The plan whose end this is.
    end_of: Option<usize>,
}

#[derive(Debug)]
struct BoundWait {
    of: Vec<usize>,
    need: usize,
}

/// The work as a network of nodes, and the nodes that each waits for.
#[derive(Debug, Default)]
struct Net {
    nodes: Vec<BoundNode>,
    waits: Vec<BoundWait>,
    /// First and last node of each unit, by plan.
    units: Vec<Vec<(usize, usize)>>,
    order: Vec<usize>,
    /// Total work of each plan.
    totals: Vec<u64>,
}

/// The nodes of a plan's points.
#[derive(Debug, Default)]
struct Points {
    tasks: HashMap<TaskId, usize>,
    phases: HashMap<PhaseId, usize>,
    end: usize,
}

impl Net {
    fn new(work: &Work, took: &dyn Fn(usize, usize) -> u64) -> Self {
        let mut net = Self::default();
        let numbers: HashMap<&PlanName, usize> = work
            .plans
            .iter()
            .enumerate()
            .map(|(number, plan)| (&plan.name, number))
            .collect();
        let points: Vec<Points> = work
            .plans
            .iter()
            .enumerate()
            .map(|(number, plan)| net.add_plan(number, plan, took))
            .collect();
        for (number, plan) in work.plans.iter().enumerate() {
            let point = |on: &PlanName, point: Point| -> Option<usize> {
                let points = &points[*numbers.get(on)?];
                match point {
                    Point::Plan => Some(points.end),
                    Point::Phase(phase) => points.phases.get(&phase).copied(),
                    Point::Task(task) => points
                        .tasks
                        .get(&task)
                        .or_else(|| points.phases.get(&task.phase))
                        .copied(),
                }
            };
            let ends = |after: &[FilesInTurn]| -> Vec<usize> {
                let points = after.iter().flat_map(FilesInTurn::points);
                points.filter_map(|on| point(&on.plan, on.point)).collect()
            };
            let whole = plan
                .depends
                .iter()
                .filter_map(|dependency| point(&dependency.on.plan, dependency.on.point));
            let of: Vec<usize> = ends(&plan.after).into_iter().chain(whole).collect();
            let whole = net.wait(of);
            // Ticked units are done, whatever they once waited for.
            for (place, unit) in plan.units.iter().enumerate().filter(|(_, unit)| !unit.ticked) {
                let own = unit
                    .depends
                    .iter()
                    .filter_map(|dependency| point(&dependency.on.plan, dependency.on.point));
                let own = net.wait(own.chain(ends(&unit.after)).collect());
                let first = net.units[number][place].0;
                net.nodes[first].waits.extend(whole.into_iter().chain(own));
            }
        }
        net.order = net.sorted();
        net
    }

    fn node(&mut self, took: u64) -> usize {
        self.nodes.push(BoundNode {
            took,
            ..BoundNode::default()
        });
        self.nodes.len() - 1
    }

    fn wait(&mut self, of: Vec<usize>) -> Option<usize> {
        let need = of.len();
        (need > 0).then(|| {
            self.waits.push(BoundWait { of, need });
            self.waits.len() - 1
        })
    }

    fn end(&mut self, of: Vec<usize>) -> usize {
        let end = self.node(0);
        let wait = self.wait(of);
        self.nodes[end].waits.extend(wait);
        end
    }

    fn add_plan(&mut self, number: usize, plan: &PlanWork, took: &dyn Fn(usize, usize) -> u64) -> Points {
        let mut points = Points::default();
        let mut of_phase: BTreeMap<PhaseId, Vec<usize>> = BTreeMap::new();
        let mut units: Vec<(usize, usize)> = Vec::new();
        let mut total = 0;
        for (place, unit) in plan.units.iter().enumerate() {
            let whole = if unit.ticked { 0 } else { took(number, place) };
            total += whole;
            let (first, last) = match unit.id {
                // Tasks that others wait for inside a phase are reported while its agent continues.
                UnitId::Phase(phase) if plan.dispatch == Dispatch::Plan => {
                    let tasks = plan.phase(phase).map_or(&[][..], |phase| &phase.tasks);
                    self.add_tasks(tasks, whole, &mut points)
                }
                UnitId::Task(task) => {
                    let node = self.node(whole);
                    points.tasks.insert(task, node);
                    (node, node)
                }
                UnitId::Phase(_) => {
                    let node = self.node(whole);
                    (node, node)
                }
            };
            if !plan.is_background(unit.id) {
                of_phase.entry(unit.id.phase()).or_default().push(last);
            }
            units.push((first, last));
        }
        let first_wait = self.waits.len();
        for gate in plan.gates.iter() {
            let of = gate.of().map(|member| units[member].1).collect();
            self.waits.push(BoundWait { of, need: gate.need });
        }
        let open = units
            .iter()
            .enumerate()
            .filter(|(unit, _)| !plan.units[*unit].ticked);
        for (unit, (first, _)) in open {
            let gates = plan.waits.of(unit).map(|gate| first_wait + gate);
            self.nodes[*first].waits.extend(gates);
        }
        for (phase, of) in of_phase {
            let end = self.end(of);
            points.phases.insert(phase, end);
        }
        points.end = self.end(units.iter().map(|(_, last)| *last).collect());
        self.nodes[points.end].end_of = Some(number);
        self.units.push(units);
        self.totals.push(total);
        points
    }

    /// Adds the tasks of a phase one after the other. The open tasks share the phase's duration evenly.
    fn add_tasks(&mut self, tasks: &[(TaskId, bool)], whole: u64, points: &mut Points) -> (usize, usize) {
        let open = tasks.iter().filter(|(_, ticked)| !ticked).count() as u64;
        if open == 0 {
            let node = self.node(whole);
            points.tasks.extend(tasks.iter().map(|(task, _)| (*task, node)));
            return (node, node);
        }
        let (mut first, mut last, mut done) = (None, None, 0);
        for (task, ticked) in tasks {
            if *ticked {
                let node = self.node(0);
                points.tasks.insert(*task, node);
                continue;
            }
            done += 1;
            let node = self.node(whole * done / open - whole * (done - 1) / open);
            let wait = self.wait(last.into_iter().collect());
            self.nodes[node].waits.extend(wait);
            points.tasks.insert(*task, node);
            first.get_or_insert(node);
            last = Some(node);
        }
        (first.unwrap_or(0), last.unwrap_or(0))
    }

    /// The nodes, each after the nodes that it waits for.
    fn sorted(&self) -> Vec<usize> {
        let mut missing: Vec<usize> = self.waits.iter().map(|wait| wait.of.len()).collect();
        let mut closed: Vec<usize> = self.nodes.iter().map(|node| node.waits.len()).collect();
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); self.waits.len()];
        for (number, wait) in self.waits.iter().enumerate() {
            for member in &wait.of {
                members[*member].push(number);
            }
        }
        for (place, node) in self.nodes.iter().enumerate() {
            for wait in &node.waits {
                waiting[*wait].push(place);
            }
        }
        let mut order: Vec<usize> = (0..closed.len()).filter(|node| closed[*node] == 0).collect();
        let mut next = 0;
        while let Some(&node) = order.get(next) {
            next += 1;
            for wait in &members[node] {
                missing[*wait] -= 1;
                if missing[*wait] == 0 {
                    for waiter in &waiting[*wait] {
                        closed[*waiter] -= 1;
                        if closed[*waiter] == 0 {
                            order.push(*waiter);
                        }
                    }
                }
            }
        }
        order
    }

    /// The earliest moment at which each node can begin.
    fn heads(&self, work: &Work) -> Vec<u64> {
        let mut heads = vec![0u64; self.nodes.len()];
        let mut opens: Vec<Option<u64>> = vec![None; self.waits.len()];
        for &node in &self.order {
            let own = &self.nodes[node];
            for wait in &own.waits {
                let opened = *opens[*wait].get_or_insert_with(|| {
                    let wait = &self.waits[*wait];
                    let ends = wait
                        .of
                        .iter()
                        .map(|member| heads[*member] + self.nodes[*member].took);
                    let mut ends: Vec<u64> = ends.collect();
                    ends.sort_unstable();
                    wait.need
                        .checked_sub(1)
                        .and_then(|last| ends.get(last).copied())
                        .unwrap_or(0)
                });
                heads[node] = heads[node].max(opened);
            }
            if let Some(plan) = own.end_of {
                let open = work.plans[plan].units.iter().zip(&self.units[plan]);
                let open = open.filter(|(unit, _)| !unit.ticked);
                let begins = open.map(|(_, (first, _))| heads[*first]).min();
                let lanes = work.plans[plan].lanes.max(1) as u64;
                let at_best = begins.unwrap_or(0) + self.totals[plan].div_ceil(lanes);
                heads[node] = heads[node].max(at_best);
            }
        }
        heads
    }

    /// The least time between the end of each node and the end of everything. A gate that can open without a member need not come
    /// after that member.
    fn tails(&self) -> Vec<u64> {
        let mut tails = vec![0u64; self.nodes.len()];
        let mut behind = vec![0u64; self.waits.len()];
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for (number, wait) in self.waits.iter().enumerate() {
            if wait.need >= wait.of.len() {
                for member in &wait.of {
                    members[*member].push(number);
                }
            }
        }
        for &node in self.order.iter().rev() {
            let waits = members[node].iter().map(|wait| behind[*wait]);
            tails[node] = waits.max().unwrap_or(0);
            for wait in &self.nodes[node].waits {
                behind[*wait] = behind[*wait].max(tails[node] + self.nodes[node].took);
            }
        }
        tails
    }
}

/// The bound by work that begins late and has much behind it, for several thresholds of late and of much.
fn paired(net: &Net, heads: &[u64], slots: usize) -> u64 {
    let tails = net.tails();
    let mut jobs: Vec<(u64, u64, u64)> = Vec::new();
    for (node, own) in net.nodes.iter().enumerate() {
        if own.took > 0 {
            jobs.push((heads[node], own.took, tails[node]));
        }
    }
    let steps = |mut values: Vec<u64>| {
        values.sort_unstable();
        values.dedup();
        let step = values.len().div_ceil(STEPS).max(1);
        values.into_iter().step_by(step).collect::<Vec<u64>>()
    };
    let from = steps(jobs.iter().map(|job| job.0).collect());
    let to = steps(jobs.iter().map(|job| job.2).collect());
    jobs.sort_unstable();
    let mut bound = 0;
    for late in &from {
        for much in &to {
            let set = || jobs.iter().filter(|job| job.0 >= *late && job.2 >= *much);
            let count = set().count();
            if count < slots {
                continue;
            }
            let work: u64 = set().map(|job| job.1).sum();
            let begins: u64 = set().take(slots).map(|job| job.0).sum();
            let mut ends: Vec<u64> = set().map(|job| job.2).collect();
            ends.select_nth_unstable(slots - 1);
            let ends: u64 = ends[..slots].iter().sum();
            bound = bound.max((begins + work + ends).div_ceil(slots as u64));
        }
    }
    bound
}

/// The bound by the tokens of resources and the limits of agents.
fn limits(work: &Work, took: &dyn Fn(usize, usize) -> u64) -> u64 {
    let mut resources: BTreeMap<&crate::plan::ResourceName, u64> = BTreeMap::new();
    let mut agents: BTreeMap<&crate::plan::AgentName, u64> = BTreeMap::new();
    for (number, plan) in work.plans.iter().enumerate() {
        for (place, unit) in plan.units.iter().enumerate().filter(|(_, unit)| !unit.ticked) {
            if !unit.uses.is_empty() || work.agent_limits.contains_key(&unit.agent) {
                let took = took(number, place);
                *agents.entry(&unit.agent).or_default() += took;
                for resource in &unit.uses {
                    *resources.entry(resource).or_default() += took;
                }
            }
        }
    }
    let shared = |total: u64, among: u64| total.div_ceil(among.max(1));
    let resources = resources
        .into_iter()
        .filter_map(|(name, total)| Some(shared(total, u64::from(*work.resources.get(name)?))));
    let agents = agents
        .into_iter()
        .filter_map(|(name, total)| Some(shared(total, *work.agent_limits.get(name)? as u64)));
    resources.chain(agents).max().unwrap_or(0)
}
