//! The scheduler's work: plans, reduced to the facts that decide when work may start.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::agent_work::AgentWork;
use super::files_in_turn::FilesInTurn;
use super::locality::{Localities, Locality};
use super::machine::Machine;
use crate::graph::{Counts, Gate, Gates, UnitWaits};
use crate::plan::{
    AgentName, AttemptPolicy, Dependency, Dispatch, Document, Escalate, ExecutorName, Fallback, ItemId,
    JobNeeds, PhaseId, PlanName, Point, Priority, Report, ResourceName, TaskId, UnitId, WorkRef,
};
use crate::schedule::event::about::Ticks;
use crate::schedule::train::TrainSettings;

/// Everything to be scheduled, with its limits.
#[derive(Debug, Clone)]
pub struct Work {
    /// The plans, in manifest order.
    pub plans: Vec<PlanWork>,
    /// How many agent processes run at once on this machine.
    pub slots: usize,
    /// True to use fewer while parallel work gains too little.
    pub narrows: bool,
    /// The executors, for attempts that do not run on this machine.
    pub localities: Localities,
    /// The load of the machine.
    pub machine: Machine,
    /// Limits of single agents.
    pub agent_limits: BTreeMap<AgentName, usize>,
    /// Other facts about agents.
    pub agents: BTreeMap<AgentName, AgentWork>,
    /// The run's budget, in millionths of money, `None` for no limit.
    pub budget: Option<u64>,
    /// Tokens of each resource.
    pub resources: BTreeMap<ResourceName, u32>,
    /// How long work may hold a resource while other work waits for it, for the resources that set `patience`.
    pub patience: BTreeMap<ResourceName, Duration>,
    /// The settings of the merge train.
    pub train: TrainSettings,
    /// After how long each kind of wait is reported.
    pub escalate: Escalate,
    /// The agent that resolves each plan's conflicts with the target, in manifest order. `None` when a person does.
    pub resolvers: Vec<Option<AgentName>>,
}

/// One plan.
#[derive(Debug, Clone)]
pub struct PlanWork {
    /// Its name.
    pub name: PlanName,
    /// Where its attempts run, if the plan says so itself.
    pub locality: Option<Locality>,
    /// The agents that take over from its agent.
    pub fallback: Fallback,
    /// The highest priority of the plan and of the work that waits for it.
    pub priority: Priority,
    /// The dependencies of the whole plan.
    pub depends: Vec<Dependency>,
    /// Work of other plans that has to settle before this plan begins, because both touch the same files.
    pub after: Vec<FilesInTurn>,
    /// In document order; never empty (a document without tasks has one phase without tasks).
    pub phases: Vec<PhaseWork>,
    /// The units, in document order; never empty.
    pub units: Vec<UnitWork>,
    /// The gates at which units wait for each other.
    pub gates: Arc<Gates>,
    /// The gates at which each unit waits, by its index in [`PlanWork::units`]; all of them have to be open.
    pub waits: Arc<UnitWaits>,
    /// Files, folders and patterns that the plan touches as a whole.
    pub touches: Vec<String>,
    /// True when work in the same files as other plans' matters (`overlap` is not `"allow"`).
    pub minds_overlap: bool,
    /// The files that [`UnitWork::locks`] refers to.
    pub files: Vec<String>,
    /// Limits of attempts.
    pub attempts: AttemptPolicy,
    /// What one agent process is given: the whole plan, a phase or a task.
    pub dispatch: Dispatch,
    /// How many units run side by side, unless the load raises or lowers that number.
    pub lanes: usize,
    /// True when the load, failures and rate limits change that number.
    pub adaptive: bool,
    /// Points that a person has to approve before any of their work begins.
    pub approvals: BTreeSet<Point>,
    /// True when ending without a commit is success.
    pub allow_empty: bool,
    /// True when something must be verified in the worktree before the plan is finished.
    pub verify: bool,
    /// True when commits of dependencies are merged in before work begins.
    pub carry: bool,
    /// True when the plan lands as soon as it is finished.
    pub auto_merge: bool,
    /// True when it lands only after a person's review.
    pub review: bool,
    /// True when the plan's own commits land, so that work that is built on some of them stays built on them.
    pub keeps_commits: bool,
    /// The plan's budget, in millionths of money, `None` for no limit.
    pub budget: Option<u64>,
    /// Its document.
    pub document: Arc<Document>,
    /// True when the document is a prompt in the manifest. The only task of a prompt has no other name than its text.
    pub prompt: bool,
}

/// One phase.
#[derive(Debug, Clone)]
pub struct PhaseWork {
    /// Its number.
    pub id: PhaseId,
    /// Its tasks and whether the document has them ticked.
    pub tasks: Vec<(TaskId, bool)>,
    /// Its VERIFY block, if it has one: true when the block holds nothing up.
    pub background_verify: Option<bool>,
    /// True when the commit with which it ends must be verified.
    pub verify: bool,
}

/// A unit of work. An agent process is given one unit, or several in a row.
#[derive(Debug, Clone)]
pub struct UnitWork {
    /// Its id.
    pub id: UnitId,
    /// True when the document has all of it ticked.
    pub ticked: bool,
    /// Its own dependencies on other plans, besides the whole plan's.
    pub depends: Vec<Dependency>,
    /// Work of other plans that has to settle before it begins, besides what the whole plan comes after.
    pub after: Vec<FilesInTurn>,
    /// The resources of which it holds one token each.
    pub uses: BTreeSet<ResourceName>,
    /// The agent that works on it.
    pub agent: AgentName,
    /// What that agent has to report about it.
    pub report: Report,
    /// Longest duration of one attempt on it.
    pub timeout: Duration,
    /// What its phase asks the engine for, where the phase says so.
    pub job: Option<Box<JobNeeds>>,
    /// Its files, as numbers within the plan. Units that share a file do not run side by side.
    pub locks: Vec<u32>,
    /// The highest priority of the plan and of the work that waits for this unit.
    pub priority: Priority,
    /// Expected milliseconds from its start to the end of everything behind it.
    pub remaining: u64,
    /// Expected milliseconds of the unit itself.
    pub expected: u64,
    /// True when `expected` goes back to a stated duration of a task, the phase or the plan.
    pub is_stated: bool,
}

impl Work {
    /// The accounts of the agents that have several.
    pub(in crate::schedule) fn accounts(&self) -> BTreeMap<AgentName, Vec<String>> {
        let agents = self.agents.iter().filter(|(_, agent)| !agent.accounts.is_empty());
        agents
            .map(|(name, agent)| (name.clone(), agent.accounts.clone()))
            .collect()
    }

    /// Every point of another plan that some plan waits for, with the plans that wait.
    pub fn waited_for(&self) -> BTreeMap<WorkRef, Vec<PlanName>> {
        let mut waited: BTreeMap<WorkRef, Vec<PlanName>> = BTreeMap::new();
        let mut add = |on: WorkRef, plan: &PlanName| {
            let waiting = waited.entry(on).or_default();
            if !waiting.contains(plan) {
                waiting.push(plan.clone());
            }
        };
        for plan in &self.plans {
            for dependency in plan.all_depends() {
                add(dependency.on.clone(), &plan.name);
            }
            for on in plan.all_turns().flat_map(FilesInTurn::points) {
                add(on, &plan.name);
            }
        }
        waited
    }
}

impl Work {
    /// Where an agent works on a plan.
    pub fn locality(&self, plan: &PlanWork, agent: &AgentName) -> Locality {
        let of_agent = || self.localities.agents.get(agent).copied();
        plan.locality.or_else(of_agent).unwrap_or_default()
    }

    /// Hands all work over to one executor, which is given so many attempts at once.
    pub fn hand_all_over(&mut self, executor: ExecutorName, slots: usize) {
        self.localities.executors = vec![(executor, slots)];
        for plan in &mut self.plans {
            plan.locality = Some(Locality::Away(0));
        }
    }

    /// How many attempts run at once, here and on all executors that some plan uses.
    pub fn all_slots(&self) -> usize {
        if self.localities.executors.is_empty() {
            return self.slots;
        }
        let units = self.plans.iter().flat_map(|plan| {
            let units = plan.units.iter();
            units.map(move |unit| self.locality(plan, &unit.agent))
        });
        let used: BTreeSet<Locality> = units.collect();
        let slots = used.iter().map(|at| match at {
            Locality::Here => self.slots,
            Locality::Away(executor) => self.localities.executors[*executor].1,
        });
        slots.sum()
    }

    /// The agent that resolves conflicts of a plan, by the plan's index. `None` when a person does.
    pub fn resolver(&self, plan: usize) -> Option<&AgentName> {
        self.resolvers.get(plan)?.as_ref()
    }
}

impl PlanWork {
    /// The dependencies of the plan and of its units.
    pub fn all_depends(&self) -> impl Iterator<Item = &Dependency> {
        self.depends
            .iter()
            .chain(self.units.iter().flat_map(|unit| &unit.depends))
    }

    /// The work of other plans that comes first because both touch the same files, for the plan and for its units.
    pub fn all_turns(&self) -> impl Iterator<Item = &FilesInTurn> {
        self.after
            .iter()
            .chain(self.units.iter().flat_map(|unit| &unit.after))
    }

    /// The phase with this number.
    pub fn phase(&self, id: PhaseId) -> Option<&PhaseWork> {
        let place = self.phases.binary_search_by_key(&id, |phase| phase.id);
        match place {
            Ok(place) => self.phases.get(place),
            // Phases may be in any order.
            Err(_) => self.phases.iter().find(|phase| phase.id == id),
        }
    }

    /// The gates at which a unit waits, by its index in [`PlanWork::units`].
    pub fn gates_at(&self, unit: usize) -> impl Iterator<Item = Gate<'_>> {
        self.waits.of(unit).map(|gate| self.gates.get(gate))
    }

    /// The index of a unit in [`PlanWork::units`].
    pub fn unit_place(&self, id: UnitId) -> Option<usize> {
        let place = self.units.binary_search_by_key(&id, |unit| unit.id);
        // Units may be in any order.
        place
            .ok()
            .or_else(|| self.units.iter().position(|unit| unit.id == id))
    }

    /// The unit of this id.
    pub fn unit(&self, id: UnitId) -> Option<&UnitWork> {
        self.unit_place(id).map(|place| &self.units[place])
    }

    /// All tasks in document order, VERIFY blocks where they are.
    pub fn tasks(&self) -> impl Iterator<Item = TaskId> + '_ {
        self.phases.iter().flat_map(PhaseWork::items)
    }

    /// The items to report for a unit: its tasks, and for a phase its VERIFY block.
    pub fn unit_tasks(&self, id: UnitId) -> Vec<TaskId> {
        match id {
            UnitId::Task(task) => vec![task],
            UnitId::Phase(phase) => {
                let items = self.phase(phase).into_iter().flat_map(PhaseWork::items);
                items.collect()
            }
        }
    }

    /// The unit that a task or VERIFY block belongs to.
    pub fn unit_of(&self, task: TaskId) -> Option<UnitId> {
        let units = [UnitId::Task(task), UnitId::Phase(task.phase)];
        units.into_iter().find(|unit| self.unit_place(*unit).is_some())
    }

    /// Expected milliseconds of each item of a unit that its document does not have ticked. `None` when all are ticked.
    pub fn expected_each(&self, unit: UnitId) -> Option<u64> {
        let whole = self.unit(unit).filter(|unit| unit.expected > 0)?.expected;
        let ticked = match unit {
            UnitId::Task(_) => 0,
            UnitId::Phase(phase) => {
                let tasks = self.phase(phase).into_iter().flat_map(|phase| &phase.tasks);
                tasks.filter(|(_, ticked)| *ticked).count()
            }
        };
        let open = self.unit_tasks(unit).len().saturating_sub(ticked);
        Some((whole / open.max(1) as u64).max(1))
    }

    /// True when a person has to approve this point.
    pub fn has_gate(&self, point: Point) -> bool {
        self.approvals.contains(&point)
    }

    /// Every point that a person has to approve.
    pub fn gated(&self) -> impl Iterator<Item = Point> + '_ {
        self.approvals.iter().copied()
    }

    /// True when every unit has an attempt of its own, on a branch of its own.
    pub fn by_units(&self) -> bool {
        self.dispatch != Dispatch::Plan
    }

    /// True when the unit is a VERIFY block in the background, for which nothing waits.
    pub fn is_background(&self, unit: UnitId) -> bool {
        unit.is_verify()
            && self
                .phase(unit.phase())
                .is_some_and(|phase| phase.background_verify == Some(true))
    }

    /// True when a gate is open, given which units have succeeded and which have ended at all.
    pub fn is_open(
        &self,
        gate: usize,
        done: impl Fn(UnitId) -> bool,
        settled: impl Fn(UnitId) -> bool,
    ) -> bool {
        let gate = self.gates.get(gate);
        let missing = gate.missing(|member| {
            let id = self.units[member].id;
            match gate.counts {
                Counts::Done => done(id),
                Counts::Settled => settled(id),
            }
        });
        missing == 0
    }
}

impl PhaseWork {
    /// Its tasks and its VERIFY block: what may be reported.
    pub fn items(&self) -> impl Iterator<Item = TaskId> + '_ {
        let verify = self.background_verify.map(|_| TaskId::verify(self.id));
        self.tasks.iter().map(|(task, _)| *task).chain(verify)
    }
}

impl PlanWork {
    /// The ticked boxes of the document.
    pub(in crate::schedule) fn ticks(&self) -> Ticks {
        let boxes = self.document.items().filter(|(_, ticked)| *ticked);
        let tasks = self.phases.iter().flat_map(|phase| &phase.tasks);
        let tasks = tasks
            .filter(|(_, ticked)| *ticked)
            .map(|(task, _)| ItemId::from(*task));
        let units = self.units.iter().filter(|unit| unit.ticked);
        Ticks {
            items: boxes.map(|(item, _)| item).chain(tasks).collect(),
            units: units.map(|unit| unit.id).collect(),
        }
    }
}
