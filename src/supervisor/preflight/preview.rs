//! `orch preview`: what `orch up` would do, when it would end, and what may go wrong. Changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::agent::{JobFolder, JobState};
use crate::graph::{Durations, Gate, Graph, Of, Ranks, Timeline};
use crate::journal::SCHEMA;
use crate::plan::{Dispatch, Lint, Plan, PlanName, PlanSet, PlanState, Strategy};
use crate::schedule::{
    Event, Scheduler, Simulation, SimulationSettings, Work, needs_no_more_work, plan_state, simulate,
};

use super::lint;
use super::milestones::{self, PlannedMilestone};
use super::plan_lints;
use super::preview_choices::{ChosenDispatch, ChosenPhase, chosen_dispatches, chosen_strategies};
use super::preview_points::{PreviewPoint, gates, reviews, sync_points};
use super::risk_register::{KnownRisk, known_risks};
use super::shared_files::{SharedFiles, shared_files};
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::replay::next_run;
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::view::situation::Situation;

/// With more tasks than this, not every strategy is simulated with every number of agents.
const MANY: usize = 3000;

/// The answer of `orch preview --json`.
#[derive(Debug, Clone, Serialize)]
pub struct Preview {
    /// Version of the document.
    pub schema: u32,
    /// The planned actions, in manifest order.
    pub actions: Vec<PlannedAction>,
    /// The units that one agent gets, for each plan whose document decides that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dispatch: Vec<ChosenDispatch>,
    /// The strategy that `auto` selects for each phase.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub strategies: Vec<ChosenPhase>,
    /// Work that could run in parallel with unlimited agents, one wave after the other. For reading only: nothing waits
    /// for the end of a wave.
    pub waves: Vec<Vec<String>>,
    /// The longest expected path across all plans, through the remaining work.
    pub critical_path: Vec<String>,
    /// Its expected milliseconds.
    #[serde(skip)]
    pub critical_ms: u64,
    /// The times with the manifest's settings first, then with other strategies and numbers of agents.
    pub expected: Vec<ExpectedTimes>,
    /// Plans that touch the same files.
    pub overlaps: Vec<SharedFiles>,
    /// Likely problems, with advice.
    #[serde(serialize_with = "lint::as_risks")]
    pub risks: Vec<Lint>,
    /// What went wrong in earlier runs or is foreseen, the likeliest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub known_risks: Vec<KnownRisk>,
    /// Points that several plans wait for, and points where plans wait for each other.
    pub sync_points: Vec<PreviewPoint>,
    /// Points where a person has to approve.
    pub gates: Vec<String>,
    /// Plans that land only after a person's review.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reviews: Vec<PlanName>,
    /// Open plans with an owner or a due day.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub milestones: Vec<PlannedMilestone>,
    /// True while a supervisor is running, so that another one would be refused.
    #[serde(skip)]
    pub driven: bool,
}

/// The action of `up` for one plan.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedAction {
    /// The plan.
    pub plan: PlanName,
    /// The action.
    pub action: Action,
    /// The reason.
    #[serde(skip)]
    pub reason: String,
}

/// The actions of `up` for plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Create its worktree, and start agents when its dependencies are done.
    Start,
    /// Take over its running agent.
    Adopt,
    /// Continue with its remaining work.
    Continue,
    /// Land the plan.
    Merge,
    /// Leave the plan as it is.
    Stay,
}

/// How long all plans would take.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExpectedTimes {
    /// The strategy of all plans; `manifest` when each has its own.
    pub strategy: String,
    /// The number of slots.
    pub max_agents: usize,
    /// From now to the end, assuming that gates are approved at once.
    pub seconds: f64,
    /// Tasks that are not done by then, because their dependencies are never met.
    #[serde(skip_serializing_if = "is_zero")]
    pub tasks_undone: usize,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Previews a run. `only` names the plans that would be driven, empty for all; with `merge` each lands when it is
/// finished.
///
/// # Errors
///
/// When the repository or the journal cannot be read.
pub fn preview(project: &Project, only: &[PlanName], merge: bool) -> Result<Preview, SupervisorError> {
    let mut situation = Situation::look(project)?;
    if !situation.driven {
        begin(project, &mut situation.scheduler, only);
    }
    let actions = actions(project, &situation, only, merge)?;
    let left = what_is_left(project, &situation, only);
    let graph = Graph::new(&left, &situation.durations);
    let ranks = Ranks::new(&graph, &left);
    let timeline = Timeline::new(&graph, &ranks);
    let path = timeline.critical_path;
    let is_open = |plan: &Plan| !situation.scheduler.state().is_landed(&plan.name);
    let overlaps = shared_files(&left, &graph, is_open);
    let mut risks = plan_lints::of_preview(project, &situation, &left, &graph, &path, &overlaps)?;
    let milestones = milestones::milestones(&left, &situation, Timestamp::now());
    risks.extend(milestones::lints(&milestones));
    if !merge {
        plan_lints::of_landings(&left, &situation.scheduler, &mut risks);
    }
    let (expected, as_written) = expected(&left, &situation.durations);
    if let Some(found) = as_written {
        plan_lints::of_foresight(&left, &found, &mut risks);
    }
    Ok(Preview {
        schema: SCHEMA,
        dispatch: chosen_dispatches(&left),
        strategies: chosen_strategies(&left, &graph),
        waves: waves(&left, &graph, &ranks),
        critical_ms: timeline.length,
        critical_path: shown_path(&left, &graph, &path),
        expected,
        known_risks: known_risks(&project.dir, &risks)?,
        risks,
        overlaps,
        sync_points: sync_points(&left),
        gates: gates(&left, &situation.scheduler),
        reviews: reviews(&left),
        milestones,
        driven: situation.driven,
        actions,
    })
}

fn actions(
    project: &Project,
    situation: &Situation,
    only: &[PlanName],
    merge: bool,
) -> Result<Vec<PlannedAction>, SupervisorError> {
    let scheduler = &situation.scheduler;
    let mut actions = Vec::new();
    for plan in &project.set.plans {
        let run = scheduler.state().plan(&plan.name);
        let state = plan_state(scheduler.work(), scheduler.state(), &plan.name);
        let lands = plan.auto_merge || merge;
        let stay = |reason: String| (Action::Stay, reason);
        let (action, reason) = if !only.is_empty() && !only.contains(&plan.name) {
            stay("it was not named".to_owned())
        } else if state == PlanState::Landed {
            stay("it has landed".to_owned())
        } else if let Some(attempt) = run.attempts.values().next() {
            let folder = JobFolder::new(project.dir.attempt(&attempt.id));
            match folder.state()? {
                JobState::Running(_) | JobState::Away(_) => {
                    (Action::Adopt, format!("{} is at work", attempt.id))
                }
                _ => (Action::Continue, format!("{} has ended", attempt.id)),
            }
        } else if state == PlanState::Finished && lands {
            (Action::Merge, "it is finished".to_owned())
        } else if state == PlanState::Finished {
            stay("it is finished; `orch merge` lands it".to_owned())
        } else if matches!(
            state,
            PlanState::Held
                | PlanState::Paused
                | PlanState::Cancelled
                | PlanState::Failed
                | PlanState::Skipped
        ) {
            stay(format!("it is {state}; `orch why {}` says more", plan.name))
        } else if run.worktree().is_some() || !run.history.is_empty() {
            (Action::Continue, left_words(plan, scheduler))
        } else {
            (Action::Start, waits_words(plan))
        };
        actions.push(PlannedAction {
            plan: plan.name.clone(),
            action,
            reason,
        });
    }
    Ok(actions)
}

/// Lets the scheduler begin as `up` would: work that failed in an earlier run is tried again.
fn begin(project: &Project, scheduler: &mut Scheduler, only: &[PlanName]) {
    let started = Event::RunStarted {
        run: next_run(scheduler.state()),
        base: project.base.clone(),
        target: project.target.clone(),
        only: only.to_vec(),
        merge_only: false,
    };
    let at = scheduler.state().now;
    let _ = scheduler.take(at, &started);
}

fn left_words(plan: &Plan, scheduler: &Scheduler) -> String {
    let Some(work) = scheduler.work().plans.iter().find(|work| work.name == plan.name) else {
        return String::new();
    };
    let run = scheduler.state().plan(&plan.name);
    let all = plan.document.tasks().count();
    let done = plan.document.tasks();
    let done = done.filter(|task| needs_no_more_work(work, run, task.id)).count();
    format!("{done} of {all} tasks are done")
}

fn waits_words(plan: &Plan) -> String {
    let own = plan.depends.iter().map(ToString::to_string);
    let mut waits: Vec<String> = own.collect();
    for phase in &plan.document.phases {
        let of_phase = plan.phase_waits(phase.id);
        waits.extend(
            of_phase
                .iter()
                .map(|dependency| format!("{dependency} (phase {})", phase.id)),
        );
    }
    match waits.is_empty() {
        true => "it can begin".to_owned(),
        false => format!("it waits for {}", waits.join(", ")),
    }
}

/// The driven plans, with all finished work ticked.
fn what_is_left(project: &Project, situation: &Situation, only: &[PlanName]) -> PlanSet {
    let mut set = project.set.clone();
    let scheduler = &situation.scheduler;
    for (plan, work) in set.plans.iter_mut().zip(&scheduler.work().plans) {
        let run = scheduler.state().plan(&plan.name);
        let state = plan_state(scheduler.work(), scheduler.state(), &plan.name);
        let over = matches!(state, PlanState::Finished | PlanState::Landed);
        let phases = &mut Arc::make_mut(&mut plan.document).phases;
        for task in phases.iter_mut().flat_map(|phase| &mut phase.tasks) {
            task.ticked |= over || needs_no_more_work(work, run, task.id);
        }
    }
    set.plans
        .retain(|plan| only.is_empty() || only.contains(&plan.name));
    set
}

/// The unit to which a node belongs, as an index into the graph; `None` for nodes without work of their own.
fn unit_of(set: &PlanSet, graph: &Graph, node: usize) -> Option<usize> {
    let found = &graph.nodes[node];
    let by_task = set.plans[found.plan].arrangement.dispatch == Dispatch::Task;
    match found.of {
        Of::Task(_) if by_task => Some(node),
        Of::Task(task) => graph.place(found.plan, Of::Phase(task.phase)),
        // A phase without tasks is a unit of its own.
        Of::Phase(_) if !by_task || found.expected > 0 => Some(node),
        Of::Phase(_) | Of::Verify | Of::Plan | Of::Landed => None,
    }
}

fn waves(set: &PlanSet, graph: &Graph, ranks: &Ranks) -> Vec<Vec<String>> {
    let mut depth = vec![0usize; graph.nodes.len()];
    let mut left: BTreeMap<usize, (usize, bool)> = BTreeMap::new();
    for &node in &ranks.order {
        let own = unit_of(set, graph, node);
        let found = &graph.nodes[node];
        let members = graph.waits_of(node).flat_map(Gate::of);
        let before = members.map(|member| {
            let unit = unit_of(set, graph, member);
            let counts = unit.is_some() && unit != own && !graph.nodes[member].done;
            depth[member] + usize::from(counts)
        });
        depth[node] = before.max().unwrap_or(0);
        if let Some(unit) = own {
            let known = left.entry(unit).or_insert((0, false));
            known.0 = known.0.max(depth[node]);
            known.1 |= !found.done && found.expected > 0;
        }
    }
    let mut waves: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (unit, (depth, _)) in left.iter().filter(|(_, (_, open))| *open) {
        waves.entry(*depth).or_default().push(graph.id(*unit));
    }
    waves.into_values().collect()
}

fn shown_path(set: &PlanSet, graph: &Graph, path: &[usize]) -> Vec<String> {
    let units = path.iter().filter(|node| !graph.nodes[**node].done);
    let mut units: Vec<usize> = units
        .map(|node| unit_of(set, graph, *node).unwrap_or(*node))
        .collect();
    units.dedup();
    units.into_iter().map(|unit| graph.id(unit)).collect()
}

/// The times of every strategy, and the simulation with the manifest's settings.
fn expected(set: &PlanSet, durations: &Durations) -> (Vec<ExpectedTimes>, Option<Simulation>) {
    let same = set.run.max_agents;
    let half = (same / 2).max(1);
    let mut numbers = vec![same, half, same * 2];
    numbers.dedup();
    let tasks: usize = set.plans.iter().map(|plan| plan.document.tasks().count()).sum();
    let mut written = set.plans.iter().map(|plan| plan.arrangement.strategy);
    let first = written.next().unwrap_or_default();
    let common = written.all(|other| other == first).then_some(first);
    let mut found: Vec<ExpectedTimes> = Vec::new();
    let mut as_written = None;
    let mut add = |strategy: Option<Strategy>, max_agents: usize| {
        let name = strategy
            .or(common)
            .map_or("manifest".to_owned(), |name| name.to_string());
        let known = found
            .iter()
            .any(|known| known.strategy == name && known.max_agents == max_agents);
        if !known {
            let simulation = simulated(set, durations, strategy, max_agents);
            found.push(ExpectedTimes {
                strategy: name,
                max_agents,
                seconds: simulation.makespan as f64 / 1000.0,
                tasks_undone: simulation.tasks_in_all - simulation.tasks,
            });
            as_written.get_or_insert(simulation);
        }
    };
    for number in &numbers {
        add(None, *number);
    }
    for strategy in Strategy::DRAWN {
        for number in numbers.iter().take(if tasks > MANY { 1 } else { numbers.len() }) {
            add(Some(strategy), *number);
        }
    }
    (found, as_written)
}

/// Simulates from now until the last agent ends, with the real scheduler in virtual time.
fn simulated(
    set: &PlanSet,
    durations: &Durations,
    strategy: Option<Strategy>,
    max_agents: usize,
) -> Simulation {
    let mut set = set.clone();
    set.run.max_agents = max_agents;
    for plan in &mut set.plans {
        if let Some(strategy) = strategy {
            plan.arrangement.set_strategy(strategy);
        }
    }
    // Otherwise work that waits for a landing would be missing; landing itself takes no agent's time.
    let work = Work::new(&set, durations, true);
    simulate(work, &SimulationSettings::default())
}
