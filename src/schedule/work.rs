//! What the scheduler is given: plans reduced to what decides when something may start.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::graph::{PhaseGraph, PhaseNode};
use crate::plan::{
    AgentName, AttemptPolicy, Dependency, PhaseId, PlanName, PlanSet, Priority, ResourceName, TaskId, WorkRef,
};

/// Everything to be scheduled, with its limits.
#[derive(Debug, Clone)]
pub struct Work {
    /// In manifest order.
    pub plans: Vec<PlanWork>,
    /// How many agent processes run at once.
    pub slots: usize,
    /// Limits of single agents.
    pub agent_limits: BTreeMap<AgentName, usize>,
    /// Tokens of each resource.
    pub resources: BTreeMap<ResourceName, u32>,
}

/// One plan.
#[derive(Debug, Clone)]
pub struct PlanWork {
    /// Its name.
    pub name: PlanName,
    /// Its own priority or the highest one of what waits for it.
    pub priority: Priority,
    /// What the whole plan waits for.
    pub depends: Vec<Dependency>,
    /// In document order; never empty (a document without tasks has one phase without tasks).
    pub phases: Vec<PhaseWork>,
    /// Limits of attempts.
    pub attempts: AttemptPolicy,
    /// True when ending without a commit is success.
    pub allow_empty: bool,
    /// True when something must be verified in the worktree before the plan is finished.
    pub verify: bool,
    /// True when commits of dependencies are merged into the plan's start.
    pub carry: bool,
    /// True when the plan lands as soon as it is finished.
    pub auto_merge: bool,
}

/// One phase.
#[derive(Debug, Clone)]
pub struct PhaseWork {
    /// Its number.
    pub id: PhaseId,
    /// Its tasks and whether the document has them ticked.
    pub tasks: Vec<(TaskId, bool)>,
    /// What it waits for in other plans, its tasks' own included.
    pub depends: Vec<Dependency>,
    /// Resources it holds one token of each.
    pub uses: BTreeSet<ResourceName>,
    /// The agent that works on it.
    pub agent: AgentName,
    /// Longest duration of one attempt on it.
    pub timeout: Duration,
    /// Longest path from its start to the end of everything behind it, in tasks.
    pub remaining: u64,
}

impl Work {
    /// Reduces a checked plan set. `auto_merge` lands every plan whatever its own setting says (`up --merge`).
    pub fn new(set: &PlanSet, auto_merge: bool) -> Self {
        let ranks = PhaseGraph::new(set).ranks();
        let rank = |plan: &PlanName, phase: Option<PhaseId>| {
            ranks.get(&PhaseNode {
                plan: plan.clone(),
                phase,
            })
        };
        let plans = set.plans.iter().map(|plan| {
            let phases = plan.document.phases.iter().map(|phase| {
                let settings = plan.phases.get(&phase.id).cloned().unwrap_or_default();
                PhaseWork {
                    id: phase.id,
                    tasks: phase.tasks.iter().map(|task| (task.id, task.ticked)).collect(),
                    depends: plan.phase_waits(phase.id),
                    uses: settings.uses.into_iter().collect(),
                    agent: settings.agent.unwrap_or_else(|| plan.agent.clone()),
                    timeout: settings.timeout.unwrap_or(plan.attempts.timeout),
                    remaining: rank(&plan.name, Some(phase.id)).map_or(0, |r| r.remaining),
                }
            });
            let mut phases: Vec<PhaseWork> = phases.collect();
            if phases.is_empty() {
                phases.push(PhaseWork {
                    id: PhaseId(1),
                    tasks: Vec::new(),
                    depends: Vec::new(),
                    uses: BTreeSet::new(),
                    agent: plan.agent.clone(),
                    timeout: plan.attempts.timeout,
                    remaining: 1,
                });
            }
            PlanWork {
                name: plan.name.clone(),
                priority: rank(&plan.name, phases.first().map(|p| p.id))
                    .map_or(plan.priority, |r| r.priority),
                depends: plan.depends.clone(),
                phases,
                attempts: plan.attempts.clone(),
                allow_empty: plan.allow_empty,
                verify: plan.verify.is_some(),
                carry: plan.carry,
                auto_merge: plan.auto_merge || auto_merge,
            }
        });
        Self {
            plans: plans.collect(),
            slots: set.run.max_agents,
            agent_limits: set
                .agents
                .values()
                .filter_map(|agent| Some((agent.name.clone(), agent.max?)))
                .collect(),
            resources: set.resources.clone(),
        }
    }

    /// Every point of another plan that some plan waits for, with the plans that wait.
    pub fn waited_for(&self) -> BTreeMap<WorkRef, Vec<PlanName>> {
        let mut waited: BTreeMap<WorkRef, Vec<PlanName>> = BTreeMap::new();
        for plan in &self.plans {
            for dependency in plan.all_depends() {
                let waiting = waited.entry(dependency.on.clone()).or_default();
                if !waiting.contains(&plan.name) {
                    waiting.push(plan.name.clone());
                }
            }
        }
        waited
    }
}

impl PlanWork {
    /// What the plan or any of its phases waits for.
    pub fn all_depends(&self) -> impl Iterator<Item = &Dependency> {
        self.depends
            .iter()
            .chain(self.phases.iter().flat_map(|phase| &phase.depends))
    }

    /// The phase with this number.
    pub fn phase(&self, id: PhaseId) -> Option<&PhaseWork> {
        self.phases.iter().find(|phase| phase.id == id)
    }

    /// All tasks in document order.
    pub fn tasks(&self) -> impl Iterator<Item = TaskId> + '_ {
        self.phases
            .iter()
            .flat_map(|phase| phase.tasks.iter().map(|(id, _)| *id))
    }
}
