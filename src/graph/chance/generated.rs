//! Randomly generated plan sets for simulations and measurements. They can be of any size. The same seed gives the same set.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::plan::{
    Agent, AgentName, AgentStdin, Arrangement, AttemptPolicy, CommitPolicy, Currency, Dependency, Document,
    EventFormat, MergeSettings, MergeStrategy, Overlap, PermissionPolicy, Phase, PhaseId, PhaseSettings,
    Plan, PlanName, PlanSet, Point, Priority, RunSettings, StopSignal, Task, TaskId, WorkRef,
};

use crate::graph::chance::rng::Rng;

/// The parameters of a generated plan set.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// The seed.
    pub seed: u64,
    /// Number of plans.
    pub plans: usize,
    /// Number of tasks in each plan.
    pub tasks: usize,
    /// Number of tasks in a phase. The last phase may have fewer.
    pub phase: usize,
    /// Percentage of tasks that name their dependencies instead of waiting for all earlier phases.
    pub named: f64,
    /// Percentage of phases that wait for a phase of another plan.
    pub cross: f64,
    /// Percentage of tasks that touch a file from a small set shared within the plan.
    pub files: f64,
    /// The median duration of a task.
    pub median: Duration,
    /// The spread of durations. Each duration is the median times `e^N(0, spread)`.
    pub spread: f64,
    /// Number of agents that run at once.
    pub max_agents: usize,
    /// The arrangement of every plan.
    pub arrangement: Arrangement,
}

impl Default for Generated {
    /// A hundred plans of fifty tasks. Tasks take about ten minutes each, and eight agents run at once.
    fn default() -> Self {
        Self {
            seed: 1,
            plans: 100,
            tasks: 50,
            phase: 6,
            named: 60.0,
            cross: 15.0,
            files: 0.0,
            median: Duration::from_secs(600),
            spread: 0.6,
            max_agents: 8,
            arrangement: Arrangement::default(),
        }
    }
}

impl Generated {
    /// Generates the plans. A plan waits only for phases of the twenty plans before it, and a task only for earlier tasks.
    /// So there is no cycle.
    pub fn plan_set(&self) -> PlanSet {
        let agent = agent("agent");
        let mut plans: Vec<Plan> = Vec::with_capacity(self.plans);
        for number in 0..self.plans {
            let mut rng = Rng::of(self.seed, &[number as u64]);
            let document = self.document(number, &mut rng);
            let mut phases: BTreeMap<PhaseId, PhaseSettings> = BTreeMap::new();
            for phase in &document.phases {
                if plans.is_empty() || !rng.percent(self.cross) {
                    continue;
                }
                let on = &plans[plans.len() - 1 - rng.below(plans.len().min(20))];
                let other = &on.document.phases[rng.below(on.document.phases.len())];
                let dependency = Dependency {
                    on: WorkRef::at(&on.name, Point::Phase(other.id)),
                    landed: false,
                };
                phases.entry(phase.id).or_default().depends.push(dependency);
            }
            plans.push(self.plan(number, &agent.name, document, phases));
        }
        PlanSet {
            run: RunSettings {
                fallback: false,
                currency: Currency::default(),
                base: None,
                target: None,
                worktrees: "../{plan}".to_owned(),
                max_agents: self.max_agents,
                auto_merge: false,
                setup: Default::default(),
                min_free_disk: None,
                budget: None,
                report: None,
                executor: None,
            },
            agents: BTreeMap::from([(agent.name.clone(), agent)]),
            people: BTreeMap::new(),
            executors: std::collections::BTreeMap::new(),
            resources: BTreeMap::new(),
            patience: BTreeMap::new(),
            merge: MergeSettings::default(),
            hooks: Default::default(),
            escalate: Default::default(),
            templates: Default::default(),
            syncs: Vec::new(),
            plans,
            warnings: Vec::new(),
            base_place: None,
        }
    }

    fn plan(
        &self,
        number: usize,
        agent: &AgentName,
        document: Document,
        phases: BTreeMap<PhaseId, PhaseSettings>,
    ) -> Plan {
        let name = plan_name(number);
        Plan {
            file: None,
            document: Arc::new(document),
            branch: format!("plan/{name}"),
            name,
            priority: Priority::default(),
            depends: Vec::new(),
            phases,
            touches: Vec::new(),
            outputs: Vec::new(),
            fallback: crate::plan::Fallback::default(),
            agent: agent.clone(),
            verify: None,
            success: Vec::new(),
            carry: true,
            allow_empty: false,
            report: None,
            executor: None,
            job: crate::plan::JobNeeds::default(),
            commit: CommitPolicy::Auto,
            attempts: AttemptPolicy {
                retries: 2,
                backoff: Duration::from_secs(10),
                timeout: Duration::MAX,
                grace: Duration::from_secs(10),
                stuck_after: None,
                on_stuck: Default::default(),
            },
            arrangement: self.arrangement.clone(),
            overlap: Overlap::Allow,
            expected: None,
            merge_strategy: MergeStrategy::Merge,
            auto_merge: false,
            setup: Default::default(),
            budget: None,
            review: false,
            gate: false,
            milestone: Default::default(),
            line: number + 1,
        }
    }

    /// Generates layers of tasks. A task that names its dependencies waits for one to three tasks of earlier phases.
    fn document(&self, number: usize, rng: &mut Rng) -> Document {
        let mut phases: Vec<Phase> = Vec::new();
        let size = self.phase.max(1);
        for first in (0..self.tasks).step_by(size) {
            let id = PhaseId(phases.len() as u32 + 1);
            let tasks = (0..size.min(self.tasks - first)).map(|place| {
                let named = !phases.is_empty() && rng.percent(self.named);
                let depends = named.then(|| earlier(&phases, rng));
                let factor = (rng.normal() * self.spread).exp();
                Task {
                    id: TaskId::new(id.0, place as u32 + 1),
                    title: format!("Task {id}.{}", place + 1),
                    details: String::new(),
                    ticked: false,
                    depends,
                    cross: Vec::new(),
                    sequential: None,
                    parallel: None,
                    subtasks: Vec::new(),
                    files: if rng.percent(self.files) {
                        vec![format!("src/p{number}/{}.rs", rng.below(size))]
                    } else {
                        Vec::new()
                    },
                    reads: Vec::new(),
                    uses: Vec::new(),
                    expected: Some(self.median.mul_f64(factor)),
                    line: first + place + 1,
                }
            });
            let tasks: Vec<Task> = tasks.collect();
            phases.push(Phase {
                id,
                title: format!("Phase {id}"),
                objective: None,
                depends: Vec::new(),
                parallel_with: Vec::new(),
                pipeline_start: None,
                expected: None,
                tasks,
                verify: None,
                line: first + 1,
            });
        }
        Document {
            title: format!("Plan {number}"),
            phases,
            ..Document::default()
        }
    }
}

/// One to three tasks of earlier phases, mostly of the phase right before.
fn earlier(phases: &[Phase], rng: &mut Rng) -> Vec<TaskId> {
    let mut named: Vec<TaskId> = Vec::new();
    for _ in 0..1 + rng.below(3) {
        let back = if rng.percent(70.0) {
            0
        } else {
            rng.below(phases.len())
        };
        let phase = &phases[phases.len() - 1 - back];
        named.push(phase.tasks[rng.below(phase.tasks.len())].id);
    }
    named.sort_unstable();
    named.dedup();
    named
}

/// Returns a name like `p17`, which is always valid.
fn plan_name(number: usize) -> PlanName {
    match format!("p{number}").parse() {
        Ok(name) => name,
        Err(error) => unreachable!("{error}"),
    }
}

fn agent(name: &str) -> Agent {
    let name: AgentName = match name.parse() {
        Ok(name) => name,
        Err(error) => unreachable!("{error}"),
    };
    Agent {
        name,
        known: None,
        command: vec!["agent".to_owned()],
        resume: None,
        attach: None,
        stdin: AgentStdin::None,
        events: EventFormat::None,
        stop: vec![StopSignal::Term],
        max: None,
        env: BTreeMap::new(),
        model: None,
        accounts: Vec::new(),
        price: None,
        mcp: false,
        permissions: PermissionPolicy::default(),
        report: None,
        executor: None,
    }
}
