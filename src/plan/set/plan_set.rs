//! A manifest and its documents, resolved and checked: what the rest of the program works with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::plan::{
    Agent, AgentName, Arrangement, Currency, Dependency, Document, Escalate, Executor, ExecutorName,
    Fallback, Hooks, Lint, OnStall, Overlap, PhaseId, Place, PlanName, Point, Priority, Report, ResourceName,
    Setup, TaskId, Templates, WorkRef,
};

/// Everything `plans.toml` and its documents say, with defaults filled in and every reference checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanSet {
    /// Settings of the run as a whole.
    pub run: RunSettings,
    /// Agents by name: those of `[agents]` and the presets that plans use.
    pub agents: BTreeMap<AgentName, Agent>,
    /// Where attempts may be handed over to, by name.
    #[serde(default)]
    pub executors: BTreeMap<ExecutorName, Executor>,
    /// How many tokens of each resource there are.
    pub resources: BTreeMap<ResourceName, u32>,
    /// How long work may hold a resource while other work waits for it, of the resources that say so.
    #[serde(default)]
    pub patience: BTreeMap<ResourceName, Duration>,
    /// Settings of the merge queue.
    pub merge: MergeSettings,
    /// Shell lines that run on events.
    pub hooks: Hooks,
    /// After how long a wait is reported.
    pub escalate: Escalate,
    /// What prompts are rendered from.
    pub templates: Templates,
    /// Points that several plans reach before any of them continues. What waits there waits by its `depends`.
    pub syncs: Vec<SyncPoint>,
    /// In manifest order.
    pub plans: Vec<Plan>,
    /// Where the manifest names the base of the run.
    #[serde(skip)]
    pub base_place: Option<Place>,
    /// What is allowed and may not be meant, sorted by file and place; what documents show beside it is in
    /// [`PlanSet::lints_of`].
    #[serde(skip)]
    pub warnings: Vec<Lint>,
}

impl PlanSet {
    /// The plan of this name.
    pub fn plan(&self, name: &PlanName) -> Option<&Plan> {
        self.plans.iter().find(|plan| &plan.name == name)
    }

    /// Where an attempt at a plan is handed over to: as the plan says, else the agent's table, else `[run]`. None: it runs here.
    pub fn executor(&self, plan: &Plan, agent: &Agent) -> Option<&Executor> {
        let named = plan
            .executor
            .as_ref()
            .or(agent.executor.as_ref())
            .or(self.run.executor.as_ref());
        self.executors.get(named?)
    }

    /// What an agent has to say about its work on a plan: as the plan says, else the agent's own table, else `[run]`, else
    /// the program's preset.
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

/// `[run]`, apart from what is a default for plans.
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
    /// Land each plan as soon as it is finished.
    pub auto_merge: bool,
    /// What worktrees that belong to no plan are prepared with.
    pub setup: Setup,
    /// Bytes free on the disk of the worktrees below which none is made; none: nobody looks.
    pub min_free_disk: Option<u64>,
    /// Money over the run; none for no limit.
    pub budget: Option<f64>,
    /// The currency of budgets, prices and costs.
    #[serde(default)]
    pub currency: Currency,
    /// What agents have to say about their work, where `[run]` says so.
    #[serde(default)]
    pub report: Option<Report>,
    /// Where attempts are handed over to, where `[run]` says so.
    #[serde(default)]
    pub executor: Option<ExecutorName>,
}

/// One plan, resolved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Its name.
    pub name: PlanName,
    /// Its document file as written in the manifest; none when the manifest holds a `prompt`.
    pub file: Option<PathBuf>,
    /// The document, or for a `prompt` one phase with one task made from it.
    pub document: Arc<Document>,
    /// Branch name without `refs/heads/`.
    pub branch: String,
    /// The manifest's priority, else the document's, else medium.
    pub priority: Priority,
    /// What the whole plan waits for: the manifest's `depends` and the document's upstream plans.
    pub depends: Vec<Dependency>,
    /// Settings of phases that the manifest speaks of, merged with what the document says on their headings.
    pub phases: BTreeMap<PhaseId, PhaseSettings>,
    /// Globs of files the plan touches, besides those its document names.
    pub touches: Vec<String>,
    /// Globs of files that the plan is to bring.
    #[serde(default)]
    pub outputs: Vec<String>,
    /// The agent that works on it.
    pub agent: AgentName,
    /// Who takes over from it.
    #[serde(default)]
    pub fallback: Fallback,
    /// Where its attempts are handed over to, where the plan says so.
    #[serde(default)]
    pub executor: Option<ExecutorName>,
    /// Shell line that must succeed in the worktree before the plan counts as finished.
    pub verify: Option<String>,
    /// True when what its dependencies made is merged into its start (`carry`).
    pub carry: bool,
    /// True when ending without a commit is success.
    pub allow_empty: bool,
    /// What happens to changes that an agent leaves uncommitted.
    pub commit: CommitPolicy,
    /// What its agents have to say about their work, where the plan says so.
    #[serde(default)]
    pub report: Option<Report>,
    /// How attempts are limited and repeated.
    pub attempts: AttemptPolicy,
    /// What one agent is given, and how its phases and tasks are ordered.
    pub arrangement: Arrangement,
    /// What happens with other plans that touch the same files.
    pub overlap: Overlap,
    /// How long all of it is expected to take, when the manifest says so.
    pub expected: Option<Duration>,
    /// How it is merged into the target.
    pub merge_strategy: MergeStrategy,
    /// True when it lands as soon as it is finished.
    pub auto_merge: bool,
    /// What its worktrees are prepared with.
    pub setup: Setup,
    /// Money over the plan, in all of its runs; none for no limit.
    pub budget: Option<f64>,
    /// True when it waits for a person's `orch approve` before it begins.
    pub gate: bool,
    /// True when it lands only after a person's review.
    pub review: bool,
    /// Line of its table in the manifest, from 1.
    pub line: usize,
}

impl Plan {
    /// Everything that a phase waits for in other plans, besides what the whole plan waits for: the manifest's and the
    /// heading's dependencies, and those of its tasks, without repeats.
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

    /// Everything in other plans that the plan waits for: first as a whole, then in each of its phases.
    pub fn all_waits(&self) -> impl Iterator<Item = Dependency> {
        let phases = self.document.phases.iter();
        let of_phases = phases.flat_map(|phase| self.phase_waits(phase.id));
        self.depends.iter().cloned().chain(of_phases)
    }

    /// Points that a person has to approve before anything of them begins (`gate = "approve"`).
    pub fn approvals(&self) -> BTreeSet<Point> {
        let phases = self.phases.iter().filter(|(_, settings)| settings.gate);
        let phases = phases.map(|(phase, _)| Point::Phase(*phase));
        self.gate
            .then_some(Point::Plan)
            .into_iter()
            .chain(phases)
            .collect()
    }

    /// Everything that one task waits for in other plans, besides what the whole plan waits for: what its phase waits for
    /// in the manifest and on its heading, and its own. A VERIFY block waits for nothing but its phase's work.
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

/// Limits of one attempt and of repeating it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptPolicy {
    /// Further attempts after a failure.
    pub retries: u32,
    /// Delay before the first retry; doubles, capped at ten minutes.
    pub backoff: Duration,
    /// Longest duration of one attempt.
    pub timeout: Duration,
    /// From TERM to KILL.
    pub grace: Duration,
    /// How long all signs of life of an attempt may be still; none: it is never looked at.
    pub stuck_after: Option<Duration>,
    /// What follows when it stays so.
    pub on_stuck: OnStall,
}

/// What a phase adds to its plan's settings. The document's heading and the manifest are already joined.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PhaseSettings {
    /// What the phase waits for in other plans.
    pub depends: Vec<Dependency>,
    /// Resources of which it holds one token each while it runs.
    pub uses: Vec<ResourceName>,
    /// Its own agent.
    pub agent: Option<AgentName>,
    /// Its own time-out.
    pub timeout: Option<Duration>,
    /// How long it is expected to take, when the manifest says so.
    pub expected: Option<Duration>,
    /// True when it waits for a person's `orch approve` before it begins.
    pub gate: bool,
    /// Shell lines that must succeed on the commit with which it ends before it counts as done: its own, then those of
    /// synchronisation points.
    pub verify: Vec<String>,
}

/// `commit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CommitPolicy {
    /// `orch` commits what an agent left.
    Auto,
    /// Something left uncommitted is a failure.
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
    /// Longest duration of a verification; none: by how long earlier ones took.
    pub verify_timeout: Option<std::time::Duration>,
    /// True when ignored files too are removed before each candidate.
    pub cleans_ignored: bool,
    /// True when the target only passes through commits that were verified themselves.
    pub every_commit_green: bool,
    /// True when branches are tried together while no verification of a merge is wanted.
    pub early: bool,
    /// Generated files, which are made again where they conflict.
    pub regenerate: Vec<Regenerate>,
    /// What a conflict leads to that needs somebody.
    pub on_conflict: OnConflict,
}

/// `on_conflict` and `resolver`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnConflict {
    /// The plan is held for a person.
    #[default]
    Hold,
    /// This agent tries first; none: the plan's own.
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
    /// True when it makes this file. `*` stands for no `/`, `**` for any folders.
    pub fn makes(&self, file: &std::path::Path) -> bool {
        let glob = globset::GlobBuilder::new(&self.path)
            .literal_separator(true)
            .build();
        // Checking the manifest has built the same.
        glob.is_ok_and(|glob| glob.compile_matcher().is_match(file))
    }
}

/// `[sync.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncPoint {
    /// Its name.
    pub name: String,
    /// What has to be reached, one point of each plan.
    pub points: Vec<WorkRef>,
    /// Shell line that must succeed on the commit of each of them.
    #[serde(default)]
    pub verify: Option<String>,
}
