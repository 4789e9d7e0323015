//! Reduces a plan to the facts that decide when its work may start.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::agent_work::{agent_work, resolvers};
use super::files_in_turn::FilesInTurn;
use super::locality::{Localities, own_locality};
use super::machine::Machine;
use super::plans::{PhaseWork, PlanWork, UnitWork, Work};
use crate::graph::{Durations, FileLocks, Graph, Of, Ranks};
use crate::plan::{
    Dispatch, FinishCheck, JobNeeds, MergeStrategy, Overlap, PhaseId, PhaseSettings, Plan, PlanSet,
    ResourceName, UnitId,
};
use crate::schedule::train::TrainSettings;

/// Reduces a plan, by its index in the manifest. `auto_merge` lands the plan whatever its own setting says.
pub(in crate::schedule) fn plan_work(
    set: &PlanSet,
    number: usize,
    plan: &Plan,
    graph: &Graph,
    ranks: &Ranks,
    auto_merge: bool,
) -> PlanWork {
    let order = &graph.orders[number];
    let dispatch = plan.arrangement.dispatch;
    let mut phases = phase_works(number, plan, graph);
    let mut units = unit_works(set, number, plan, graph, ranks);
    if units.is_empty() {
        let id = PhaseId(1);
        phases.push(PhaseWork {
            id,
            tasks: Vec::new(),
            background_verify: None,
            verify: false,
        });
        units.push(UnitWork {
            id: UnitId::Phase(id),
            ticked: false,
            depends: Vec::new(),
            after: Vec::new(),
            uses: BTreeSet::new(),
            report: set.report(plan, &plan.agent),
            agent: plan.agent.clone(),
            timeout: plan.attempts.timeout,
            job: None,
            locks: Vec::new(),
            priority: plan.priority,
            remaining: 1,
            expected: 1,
            is_stated: false,
        });
    }
    PlanWork {
        name: plan.name.clone(),
        locality: own_locality(set, plan),
        fallback: plan.fallback.clone(),
        document: Arc::clone(&plan.document),
        prompt: plan.file.is_none(),
        priority: units
            .iter()
            .map(|unit| unit.priority)
            .max()
            .unwrap_or(plan.priority),
        depends: plan.depends.clone(),
        after: turns_of(set, number, graph, None),
        phases,
        gates: Arc::clone(&order.gates),
        waits: Arc::clone(&order.waits),
        touches: plan.touches.clone(),
        minds_overlap: plan.overlap != Overlap::Allow,
        files: graph.locks[number].names.clone(),
        attempts: plan.attempts.clone(),
        dispatch,
        lanes: match dispatch {
            Dispatch::Plan => 1,
            Dispatch::Phase | Dispatch::Task => plan.arrangement.lanes.nominal(units.len()),
        },
        adaptive: dispatch != Dispatch::Plan && plan.arrangement.lanes == crate::plan::Lanes::Auto,
        units,
        approvals: plan.approvals(),
        allow_empty: plan.allow_empty,
        verify: !FinishCheck::of_plan(plan).is_empty(),
        carry: plan.carry,
        auto_merge: plan.auto_merge || auto_merge,
        review: plan.review,
        keeps_commits: plan.merge_strategy == MergeStrategy::Merge,
        budget: plan.budget.map(micros),
    }
}

fn phase_works(number: usize, plan: &Plan, graph: &Graph) -> Vec<PhaseWork> {
    let phases = plan.document.phases.iter().enumerate().map(|(place, phase)| {
        // A node says as much about a task as the document does, and is smaller.
        let nodes = graph.task_nodes(number, place);
        // Allocates once for all tasks: neither a filter nor the chain of a plan's nodes knows how many there will be.
        let mut tasks = Vec::with_capacity(nodes.len());
        tasks.extend(nodes.iter().filter_map(|node| match node.of {
            Of::Task(task) => Some((task, node.done)),
            Of::Phase(_) | Of::Verify | Of::Plan | Of::Landed => None,
        }));
        PhaseWork {
            id: phase.id,
            tasks,
            background_verify: phase.verify.as_ref().map(|block| block.background),
            verify: plan
                .phases
                .get(&phase.id)
                .is_some_and(|own| !own.verify.is_empty()),
        }
    });
    phases.collect()
}

/// The resources that a unit holds while it runs: those of its phase and those of its tasks.
fn uses_of(plan: &Plan, unit: UnitId, settings: Option<&PhaseSettings>) -> BTreeSet<ResourceName> {
    let tasks = match unit {
        UnitId::Task(task) => plan.document.task(task).map(std::slice::from_ref),
        UnitId::Phase(phase) => plan.document.phase(phase).map(|phase| phase.tasks.as_slice()),
    };
    let own = tasks.into_iter().flatten().flat_map(|task| &task.uses);
    let of_phase = settings.into_iter().flat_map(|own| &own.uses);
    of_phase.chain(own).cloned().collect()
}

fn unit_works(set: &PlanSet, number: usize, plan: &Plan, graph: &Graph, ranks: &Ranks) -> Vec<UnitWork> {
    let order = &graph.orders[number];
    let mut of_phase: Option<(PhaseId, Option<&PhaseSettings>)> = None;
    let mut units: Vec<UnitWork> = Vec::with_capacity(order.units.len().max(1));
    let drawn = order.units.iter().zip(graph.nodes_of_units(number));
    let plan_is_stated = plan.expected.or(plan.document.expected).is_some();
    units.extend(drawn.map(|(unit, nodes)| {
        let phase = unit.id.phase();
        let settings = match of_phase {
            Some((known, settings)) if known == phase => settings,
            _ => of_phase.insert((phase, plan.phases.get(&phase))).1,
        };
        let first = nodes.clone().next();
        let waits = graph.names_others(number) || settings.is_some_and(|own| !own.depends.is_empty());
        let depends = match unit.id {
            _ if !waits => Vec::new(),
            UnitId::Phase(phase) => plan.phase_waits(phase),
            UnitId::Task(task) => plan.task_waits(task),
        };
        let own = settings.and_then(|own| own.agent.as_ref());
        UnitWork {
            id: unit.id,
            ticked: unit.ticked,
            depends,
            after: turns_of(set, number, graph, Some(phase)),
            uses: uses_of(plan, unit.id, settings),
            report: set.report(plan, own.unwrap_or(&plan.agent)),
            agent: own.unwrap_or(&plan.agent).clone(),
            timeout: settings
                .and_then(|own| own.timeout)
                .unwrap_or(plan.attempts.timeout),
            job: settings
                .map(|own| &own.job)
                .filter(|job| **job != JobNeeds::default())
                .map(|job| Box::new(job.clone())),
            locks: locks_of(&graph.locks[number], plan, unit.id),
            priority: first.map_or(plan.priority, |node| ranks.priority[node]),
            remaining: first.map_or(0, |node| ranks.remaining[node]),
            expected: nodes.map(|node| graph.nodes[node].expected).sum(),
            is_stated: plan_is_stated
                || settings.is_some_and(|own| own.expected.is_some())
                || is_stated(plan, unit.id),
        }
    }));
    units
}

/// The work of other plans that comes before a phase, or (`None`) before the whole plan, because both touch the same files.
fn turns_of(set: &PlanSet, number: usize, graph: &Graph, of: Option<PhaseId>) -> Vec<FilesInTurn> {
    let own = graph.after[number].iter().filter(|turn| turn.of == of);
    own.map(|turn| FilesInTurn::new(turn, &set.plans[turn.first].name, graph))
        .collect()
}

/// True when the document states how long the unit takes.
fn is_stated(plan: &Plan, unit: UnitId) -> bool {
    let phase = plan.document.phase(unit.phase());
    let task = match unit {
        UnitId::Phase(_) => phase.and_then(|phase| phase.tasks.iter().find_map(|task| task.expected)),
        UnitId::Task(task) => plan.document.task(task).and_then(|task| task.expected),
    };
    task.or(phase.and_then(|phase| phase.expected)).is_some()
}

/// The files of a unit's tasks, as numbers.
fn locks_of(locks: &FileLocks, plan: &Plan, unit: UnitId) -> Vec<u32> {
    if locks.of.is_empty() {
        return Vec::new();
    }
    match unit {
        UnitId::Task(task) => locks.of.get(&task).cloned().unwrap_or_default(),
        UnitId::Phase(phase) => {
            let tasks = plan
                .document
                .phase(phase)
                .into_iter()
                .flat_map(|phase| &phase.tasks);
            let own = tasks.filter_map(|task| locks.of.get(&task.id)).flatten();
            let mut own: Vec<u32> = own.copied().collect();
            own.sort_unstable();
            own.dedup();
            own
        }
    }
}

/// Money in millionths.
pub(in crate::schedule) fn micros(money: f64) -> u64 {
    (money * 1e6).round() as u64
}

impl Work {
    /// Reduces a checked plan set. `auto_merge` lands every plan whatever its own setting says (`up --merge`).
    pub fn new(set: &PlanSet, durations: &Durations, auto_merge: bool) -> Self {
        let graph = Graph::new(set, durations);
        let ranks = Ranks::new(&graph, set);
        Self::of_graph(set, &graph, &ranks, auto_merge)
    }

    /// Reduces a plan set whose graph is drawn and ranked.
    pub fn of_graph(set: &PlanSet, graph: &Graph, ranks: &Ranks, auto_merge: bool) -> Self {
        let plans = set
            .plans
            .iter()
            .enumerate()
            .map(|(number, plan)| plan_work(set, number, plan, graph, ranks, auto_merge));
        Self {
            plans: plans.collect(),
            slots: set.run.max_agents,
            narrows: set.run.fallback,
            localities: Localities::of(set),
            machine: Machine::default(),
            agent_limits: set
                .agents
                .values()
                .filter_map(|agent| Some((agent.name.clone(), agent.max?)))
                .collect(),
            agents: set.agents.values().map(agent_work).collect(),
            budget: set.run.budget.map(micros),
            resources: set.resources.clone(),
            patience: set.patience.clone(),
            train: TrainSettings::of(&set.merge),
            escalate: set.escalate,
            resolvers: resolvers(set),
        }
    }
}
