//! A manifest and its documents, resolved and checked. The rest of the program works with this form.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::plan::{
    Agent, AgentName, Arrangement, Currency, Dependency, Document, Escalate, Executor, ExecutorName,
    Fallback, Hooks, JobNeeds, Lint, Milestone, OnStall, Overlap, Person, PhaseId, Place, PlanName, Point,
    Priority, Report, ResourceName, Setup, TaskId, Templates, WorkRef,
};

/// Everything in `plans.toml` and its documents, with defaults filled in and every reference checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanSet {
    /// Settings of the run as a whole.
    pub run: RunSettings,
    /// Agents by name: those of `[agents]` and the presets that plans use.
    pub agents: BTreeMap<AgentName, Agent>,
    /// Executors that attempts may be handed over to, by name.
    #[serde(default)]
    pub executors: BTreeMap<ExecutorName, Executor>,
    /// How many tokens of each resource there are.
    pub resources: BTreeMap<ResourceName, u32>,
    /// How long work may hold a resource while other work waits for it, for the resources that have such a limit.
    #[serde(default)]
    pub patience: BTreeMap<ResourceName, Duration>,
    /// Settings of the merge queue.
    pub merge: MergeSettings,
    /// Shell lines that run on events.
    pub hooks: Hooks,
    /// How long a wait may last before it is reported.
    pub escalate: Escalate,
    /// The templates of prompts.
    pub templates: Templates,
    /// Points that several plans reach before any of them continues. The waiting itself is expressed by the `depends` of plans
    /// and phases.
    pub syncs: Vec<SyncPoint>,
    /// People who own plans, by name.
    #[serde(default)]
    pub people: BTreeMap<String, Person>,
    /// In manifest order.
    pub plans: Vec<Plan>,
    /// The position of the run's base in the manifest.
    #[serde(skip)]
    pub base_place: Option<Place>,
    /// Lints of the manifest, sorted by file and position. [`PlanSet::lints_of`] returns the lints of documents.
    #[serde(skip)]
    pub warnings: Vec<Lint>,
}

impl PlanSet {
    /// The plan with this name.
    pub fn plan(&self, name: &PlanName) -> Option<&Plan> {
        self.plans.iter().find(|plan| &plan.name == name)
    }

    /// The executor for an attempt at a plan: the plan's, else the agent's, else the one in `[run]`. None when the attempt runs
    /// on this machine.
    pub fn executor(&self, plan: &Plan, agent: &Agent) -> Option<&Executor> {
        let named = plan
            .executor
            .as_ref()
            .or(agent.executor.as_ref())
            .or(self.run.executor.as_ref());
        self.executors.get(named?)
    }

    /// The most agents that work on a plan at once: as many as run on this machine, no limit elsewhere.
    pub fn slots_of(&self, plan: &Plan) -> usize {
        match plan.executor.as_ref().or(self.run.executor.as_ref()) {
            None => self.run.max_agents,
            Some(_) => usize::MAX,
        }
    }

    /// What an engine is asked for when this phase of a plan is handed over.
    pub fn job_needs(&self, executor: &Executor, plan: &Plan, phase: Option<PhaseId>) -> JobNeeds {
        let of_phase = phase.and_then(|phase| plan.phases.get(&phase));
        let of_phase = of_phase.map(|phase| phase.job.clone()).unwrap_or_default();
        of_phase.or(&plan.job).or(&executor.needs)
    }

    /// What an agent has to report about its work on a plan: the plan's setting, else the agent's own, else the one in `[run]`,
    /// else the one of the program's preset.
    pub fn report(&self, plan: &Plan, agent: &AgentName) -> Report {
        let agent = self.agents.get(agent);
        let preset = agent.and_then(|agent| agent.known).map(|known| known.report);
        let own = agent.and_then(|agent| agent.report);
        plan.report
            .or(own)
            .or(self.run.report)
            .or(preset)
            .unwrap_or_default()
    }
}

/// `[run]`, except the defaults for plans.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSettings {
    /// Where branches start: a branch, tag or commit. None: the branch that is checked out.
    pub base: Option<String>,
    /// The branch that plans land on. None: the base.
    pub target: Option<String>,
    /// Path template of worktrees, with `{repo}` and `{plan}`; relative to the repository's top folder.
    pub worktrees: String,
    /// Slots: how many agent processes run at once.
    pub max_agents: usize,
    /// True to use fewer agents at once while parallel work gains too little.
    pub fallback: bool,
    /// Land each plan as soon as it is finished.
    pub auto_merge: bool,
    /// What worktrees that belong to no plan are provisioned with.
    pub setup: Setup,
    /// Free bytes on the disk of the worktrees below which no worktree is made; none for no check.
    pub min_free_disk: Option<u64>,
    /// The budget of the run; none for no limit.
    pub budget: Option<f64>,
    /// The currency of budgets, prices and costs.
    #[serde(default)]
    pub currency: Currency,
    /// What agents have to report about their work, when `[run]` says so.
    #[serde(default)]
    pub report: Option<Report>,
    /// Where attempts are handed over to, when `[run]` says so.
    #[serde(default)]
    pub executor: Option<ExecutorName>,
}

/// One plan, resolved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Its name.
    pub name: PlanName,
    /// Its document file as written in the manifest; none when the manifest has a `prompt` instead.
    pub file: Option<PathBuf>,
    /// The document. A `prompt` becomes a document with one phase and one task.
    pub document: Arc<Document>,
    /// Branch name without `refs/heads/`.
    pub branch: String,
    /// The manifest's priority, else the document's, else medium.
    pub priority: Priority,
    /// What the whole plan waits for: the manifest's `depends` and the document's upstream plans.
    pub depends: Vec<Dependency>,
    /// Settings of phases: those in the manifest, merged with the headings of the document.
    pub phases: BTreeMap<PhaseId, PhaseSettings>,
    /// Globs of files that the plan touches, in addition to the files that its document names.
    pub touches: Vec<String>,
    /// Globs of files that the plan must produce.
    #[serde(default)]
    pub outputs: Vec<String>,
    /// The agent that works on it.
    pub agent: AgentName,
    /// The agents that take over from it.
    #[serde(default)]
    pub fallback: Fallback,
    /// Where its attempts are handed over to, when the plan says so.
    #[serde(default)]
    pub executor: Option<ExecutorName>,
    /// What an engine is asked for, instead of what the executor says.
    #[serde(default)]
    pub job: JobNeeds,
    /// Shell line that must succeed in the worktree before the plan counts as finished.
    pub verify: Option<String>,
    /// Shell lines that must succeed after `verify`.
    #[serde(default)]
    pub success: Vec<String>,
    /// True when the work of its dependencies is merged into its start (`carry`).
    pub carry: bool,
    /// True when an attempt without a commit counts as a success.
    pub allow_empty: bool,
    /// What happens to changes that an agent leaves uncommitted.
    pub commit: CommitPolicy,
    /// What its agents have to report about their work, when the plan says so.
    #[serde(default)]
    pub report: Option<Report>,
    /// Limits and retries of its attempts.
    pub attempts: AttemptPolicy,
    /// What one agent is given, and how its phases and tasks are ordered.
    pub arrangement: Arrangement,
    /// What happens with other plans that touch the same files.
    pub overlap: Overlap,
    /// How long the whole plan is expected to take, when the manifest says so.
    pub expected: Option<Duration>,
    /// How it is merged into the target.
    pub merge_strategy: MergeStrategy,
    /// True when it lands as soon as it is finished.
    pub auto_merge: bool,
    /// What its worktrees are provisioned with.
    pub setup: Setup,
    /// The budget of the plan over all of its runs; none for no limit.
    pub budget: Option<f64>,
    /// True when it waits for a person's `orch approve` before it begins.
    pub gate: bool,
    /// True when it lands only after a person's review.
    pub review: bool,
    /// Who answers for it, and by when.
    #[serde(default)]
    pub milestone: Milestone,
    /// Line of its table in the manifest, from 1.
    pub line: usize,
}

impl Plan {
    /// Everything in other plans that a phase waits for, in addition to what the whole plan waits for: the dependencies in the
    /// manifest, on the heading and of the phase's tasks, without duplicates.
    pub fn phase_waits(&self, id: PhaseId) -> Vec<Dependency> {
        let settings = self.phases.get(&id).into_iter().flat_map(|phase| &phase.depends);
        let tasks = self.document.phase(id).into_iter().flat_map(|phase| &phase.tasks);
        let mut waits: Vec<Dependency> = Vec::new();
        for dependency in settings.chain(tasks.flat_map(|task| &task.cross)) {
            if !waits.contains(dependency) {
                waits.push(dependency.clone());
            }
        }
        waits
    }

    /// Every agent that may work on the plan, those that take over included. Some may be named more than once.
    pub fn possible_agents(&self) -> impl Iterator<Item = &AgentName> {
        let of_phases = self.phases.values().filter_map(|phase| phase.agent.as_ref());
        of_phases.chain(&self.fallback.agents).chain([&self.agent])
    }

    /// Every resource that the plan's phases and tasks use. Some may be named more than once.
    pub fn resources(&self) -> impl Iterator<Item = &ResourceName> {
        let of_phases = self.phases.values().flat_map(|phase| &phase.uses);
        of_phases.chain(self.document.tasks().flat_map(|task| &task.uses))
    }

    /// Everything in other plans that the plan waits for: first as a whole, then in each of its phases.
    pub fn all_waits(&self) -> impl Iterator<Item = Dependency> {
        let phases = self.document.phases.iter();
        let of_phases = phases.flat_map(|phase| self.phase_waits(phase.id));
        self.depends.iter().cloned().chain(of_phases)
    }

    /// Points that a person has to approve before any work on them begins (`gate = "approve"`).
    pub fn approvals(&self) -> BTreeSet<Point> {
        let phases = self.phases.iter().filter(|(_, settings)| settings.gate);
        let phases = phases.map(|(phase, _)| Point::Phase(*phase));
        self.gate
            .then_some(Point::Plan)
            .into_iter()
            .chain(phases)
            .collect()
    }

    /// Everything in other plans that one task waits for, in addition to what the whole plan waits for: the dependencies of its
    /// phase in the manifest and on the heading, and the task's own. A VERIFY block waits only for the work of its phase.
    pub fn task_waits(&self, id: TaskId) -> Vec<Dependency> {
        if id.is_verify() {
            return Vec::new();
        }
        let phase = self
            .phases
            .get(&id.phase)
            .into_iter()
            .flat_map(|phase| &phase.depends);
        let own = self.document.task(id).into_iter().flat_map(|task| &task.cross);
        let mut waits: Vec<Dependency> = Vec::new();
        for dependency in phase.chain(own) {
            if !waits.contains(dependency) {
                waits.push(dependency.clone());
            }
        }
        waits
    }
}

/// Limits and retries of attempts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptPolicy {
    /// Further attempts after a failure.
    pub retries: u32,
    /// Delay before the first retry. It doubles with each retry, up to ten minutes.
    pub backoff: Duration,
    /// Longest duration of one attempt.
    pub timeout: Duration,
    /// Time from TERM to KILL.
    pub grace: Duration,
    /// How long an attempt may show no sign of life; none for no check.
    pub stuck_after: Option<Duration>,
    /// What happens when the attempt stays stalled.
    pub on_stuck: OnStall,
}

/// What a phase adds to its plan's settings. The document's heading and the manifest are already merged.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PhaseSettings {
    /// What the phase waits for in other plans.
    pub depends: Vec<Dependency>,
    /// Resources of which the phase holds one token each while it runs.
    pub uses: Vec<ResourceName>,
    /// Its own agent.
    pub agent: Option<AgentName>,
    /// Its own time-out.
    pub timeout: Option<Duration>,
    /// What an engine is asked for, instead of what the plan says.
    #[serde(default)]
    pub job: JobNeeds,
    /// How long the phase is expected to take, when the manifest says so.
    pub expected: Option<Duration>,
    /// True when it waits for a person's `orch approve` before it begins.
    pub gate: bool,
    /// Shell lines that must succeed on the last commit of the phase before the phase counts as done: its own, then those of
    /// sync points.
    pub verify: Vec<String>,
}

/// `commit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CommitPolicy {
    /// `orch` commits the changes that an agent leaves.
    Auto,
    /// Uncommitted changes are a failure.
    Require,
}

/// `[merge] strategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MergeStrategy {
    /// A merge commit, always (`--no-ff`).
    Merge,
    /// One commit with the plan's whole change.
    Squash,
    /// The plan's commits replayed.
    Rebase,
}

/// `[merge]`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MergeSettings {
    /// Shell line that must succeed on the exact merged tree before the target moves.
    pub verify: Option<String>,
    /// How many candidates are verified at once.
    pub verify_slots: usize,
    /// Longest duration of a verification; none to derive it from earlier verifications.
    pub verify_timeout: Option<std::time::Duration>,
    /// True when ignored files are removed too before each candidate.
    pub cleans_ignored: bool,
    /// True when every commit that the target passes through was verified itself.
    pub every_commit_green: bool,
    /// True when unfinished branches are verified together while no merge needs a verification.
    pub early: bool,
    /// Generated files, which are generated again when they conflict.
    pub regenerate: Vec<Regenerate>,
    /// What happens when somebody has to resolve a conflict.
    pub on_conflict: OnConflict,
}

/// `on_conflict` and `resolver`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnConflict {
    /// The plan is held for a person.
    #[default]
    Hold,
    /// This agent tries first; none for the plan's own agent.
    Agent(Option<AgentName>),
}

/// One entry of `regenerate`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regenerate {
    /// Which files, as a glob from the repository's top.
    pub path: String,
    /// The shell line that makes them.
    pub command: String,
}

impl Regenerate {
    /// True when the entry generates this file. `*` does not match `/`, and `**` matches any folders.
    pub fn makes(&self, file: &std::path::Path) -> bool {
        let glob = globset::GlobBuilder::new(&self.path)
            .literal_separator(true)
            .build();
        // The check of the manifest has compiled the same glob.
        glob.is_ok_and(|glob| glob.compile_matcher().is_match(file))
    }
}

/// `[sync.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncPoint {
    /// Its name.
    pub name: String,
    /// The points to reach, one of each plan.
    pub points: Vec<WorkRef>,
    /// Shell line that must succeed on the commit of each point.
    #[serde(default)]
    pub verify: Option<String>,
}
