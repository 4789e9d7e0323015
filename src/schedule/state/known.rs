//! The state of everything: the fold of the journal.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::attempt::Attempt;
use super::limits::Limit;
use super::person::mail::LeadMail;
use super::plan_run::{Item, Outcome, PlanRun};
use super::resolution::ResolverAtWork;
use crate::plan::{AgentName, CommitId, Dependency, PlanName, RunId, TaskState, UnitId, WorkRef};
use crate::schedule::event::at::At;
use crate::schedule::event::facts::Spent;
use crate::schedule::event::merge_facts::TargetChecked;
use crate::schedule::event::notice::Width;
use crate::schedule::train::{BuildTime, FailureRate};
use crate::schedule::width::WidthMemory;
use crate::schedule::work::plans::{PlanWork, Work};

/// The state of all plans and of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Targets that fail the verification as they were landed, by name.
    pub red_targets: BTreeMap<String, TargetChecked>,
    /// The states of the plans, in manifest order.
    pub(in crate::schedule) plans: Vec<PlanRun>,
    pub(in crate::schedule) names: Arc<Vec<PlanName>>,
    numbers: Arc<HashMap<PlanName, usize>>,
    /// Plans with an attempt under way: an index over `plans`, for fast look-ups.
    pub(in crate::schedule) at_work: BTreeSet<usize>,
    /// Plans whose conflict an agent resolves: an index likewise.
    pub(in crate::schedule) resolving: BTreeSet<usize>,
    /// Plans with an unresolved conflict: an index likewise.
    pub(in crate::schedule) in_conflict: BTreeSet<usize>,
    /// The run under way, or the last one.
    pub run: Option<RunInfo>,
    /// The phase of the run.
    pub phase: RunPhase,
    /// How often plans failed the verification of their merge lately.
    pub failure_rate: FailureRate,
    /// How long verifications of merges took.
    pub build_time: BuildTime,
    /// The latest moment seen.
    pub now: At,
    /// The run's usage.
    pub spent: Spent,
    /// How many agents it uses at once, and why.
    pub width: WidthMemory,
    /// The messages that the lead has to look at.
    pub lead: LeadMail,
    /// Accounts that were limited when they were last used.
    pub(in crate::schedule) limits: BTreeMap<(AgentName, Option<String>), Limit>,
    /// Accounts of the agents that have several.
    pub(in crate::schedule) accounts: Arc<BTreeMap<AgentName, Vec<String>>>,
}

/// The run under way.
#[derive(Debug, Clone, PartialEq)]
pub struct RunInfo {
    /// Its id.
    pub id: RunId,
    /// Where new branches start.
    pub base: CommitId,
    /// Where plans land.
    pub target: String,
    /// The plans it drives; empty for all.
    pub only: BTreeSet<PlanName>,
    /// The phase before, while the run only lands finished plans.
    pub merge_only: Option<RunPhase>,
    /// When it began or last continued.
    pub started: At,
}

/// The phase of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunPhase {
    /// Nothing was ever run.
    Idle,
    /// A supervisor drives it, or did until the journal broke off.
    Driving,
    /// Asked to stop.
    Stopping {
        /// True when agents get no time to end on their own.
        now: bool,
    },
    /// Stopped in order, with work left.
    Stopped {
        /// True when the next `orch up` continues with this run.
        resume: bool,
    },
    /// Every plan has settled.
    Settled,
}

impl State {
    /// The state before any event: the boxes that the documents have ticked are done, everything else is open.
    pub fn new(work: &Work) -> Self {
        let names: Vec<PlanName> = work.plans.iter().map(|plan| plan.name.clone()).collect();
        let numbers = names
            .iter()
            .enumerate()
            .map(|(number, name)| (name.clone(), number));
        Self {
            numbers: Arc::new(numbers.collect()),
            plans: work.plans.iter().map(before).collect(),
            names: Arc::new(names),
            at_work: BTreeSet::new(),
            resolving: BTreeSet::new(),
            in_conflict: BTreeSet::new(),
            run: None,
            phase: RunPhase::Idle,
            failure_rate: FailureRate::default(),
            build_time: BuildTime::default(),
            red_targets: BTreeMap::new(),
            now: At::default(),
            spent: Spent::default(),
            width: WidthMemory::default(),
            lead: LeadMail::default(),
            limits: BTreeMap::new(),
            accounts: Arc::new(work.accounts()),
        }
    }

    /// The plan's state; every plan of the work has one.
    pub fn plan(&self, name: &PlanName) -> &PlanRun {
        static UNKNOWN: std::sync::LazyLock<PlanRun> = std::sync::LazyLock::new(PlanRun::default);
        self.number(name).map_or(&UNKNOWN, |number| &self.plans[number])
    }

    /// The plan's index in the manifest, `None` when the manifest does not have the plan.
    pub fn number(&self, name: &PlanName) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    /// All plans in manifest order.
    pub fn plans(&self) -> impl Iterator<Item = (&PlanName, &PlanRun)> {
        self.names.iter().zip(&self.plans)
    }

    /// True when the plan is on the run's target.
    pub fn is_landed(&self, name: &PlanName) -> bool {
        self.landed_commit(name).is_some()
    }

    /// The commit with which the plan landed on the run's target.
    pub fn landed_commit(&self, name: &PlanName) -> Option<&CommitId> {
        let target = &self.run.as_ref()?.target;
        self.plan(name).landed.get(target)
    }

    /// True when a point of a plan is on a target: with the whole plan, or with its first phases.
    pub fn has_landed(&self, on: &WorkRef, target: &str) -> bool {
        let run = self.plan(&on.plan);
        let part = run.landed_prefix.get(target);
        // What landed after a revert is only what was new.
        let phase = on.point.phase();
        let back = run.taken_back.get(target);
        let is_back = phase.is_some_and(|phase| back.is_some_and(|phases| phases.contains(&phase)));
        (run.landed.contains_key(target) && !is_back) || part.is_some_and(|part| part.prefix.holds(on.point))
    }

    /// True when the point of the dependency has been reached or, if the dependency requires that, has landed.
    pub fn is_satisfied(&self, dependency: &Dependency) -> bool {
        if dependency.landed {
            let target = self.run.as_ref().map(|run| run.target.as_str());
            target.is_some_and(|target| self.has_landed(&dependency.on, target))
        } else {
            self.plan(&dependency.on.plan).has_reached(dependency.on.point)
        }
    }

    /// The commit that a dependent starts from, once there is one.
    pub fn commit_of(&self, dependency: &Dependency) -> Option<&CommitId> {
        if dependency.landed {
            let target = &self.run.as_ref()?.target;
            let whole = self.landed_commit(&dependency.on.plan);
            let part = || self.plan(&dependency.on.plan).landed_prefix.get(target);
            whole.or_else(|| Some(&part()?.commit))
        } else {
            self.plan(&dependency.on.plan).pins.get(&dependency.on.point)
        }
    }

    /// True when the dependency can no longer be satisfied in this run.
    pub fn is_hopeless(&self, dependency: &Dependency) -> bool {
        !self.is_satisfied(dependency) && self.plan(&dependency.on.plan).has_lost(dependency.on.point)
    }

    /// What all plans together have used, in this run and before it.
    pub fn spent_on_plans(&self) -> Spent {
        let plans = self.plans.iter().map(|run| run.spent);
        plans.fold(Spent::default(), Spent::plus)
    }

    /// The width of the run: always full where the settings do not let it narrow.
    pub fn allowed_width(&self, work: &Work) -> Width {
        if work.narrows {
            self.width.now()
        } else {
            Width::Full
        }
    }

    /// True when the supervisor only lands finished plans.
    pub fn is_merge_only(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.merge_only.is_some())
    }

    /// True when the run works on the plan.
    pub fn drives(&self, name: &PlanName) -> bool {
        self.run.as_ref().is_none_or(|run| run.drives(name))
    }

    /// Attempts whose process is being started or runs, with their plans and lanes.
    pub fn open_attempts(&self) -> impl Iterator<Item = (&PlanName, u32, &Attempt)> {
        self.all_attempts()
            .filter(|(_, _, attempt)| attempt.state.holds_slot())
    }

    /// Agents that resolve the conflicts of plans.
    pub fn resolvers(&self) -> impl Iterator<Item = (&PlanName, &ResolverAtWork)> {
        self.resolving.iter().filter_map(|number| {
            let agent = self.plans[*number].resolution.agent.as_ref()?;
            Some((&self.names[*number], agent))
        })
    }

    /// Attempts under way, including those that have ended and whose work is still being inspected.
    pub fn all_attempts(&self) -> impl Iterator<Item = (&PlanName, u32, &Attempt)> {
        self.at_work.iter().flat_map(|number| {
            let name = &self.names[*number];
            let attempts = self.plans[*number].attempts.iter();
            attempts.map(move |(lane, attempt)| (name, *lane, attempt))
        })
    }
}

/// A plan before any event.
fn before(plan: &PlanWork) -> PlanRun {
    let tasks = plan.phases.iter().flat_map(|phase| &phase.tasks);
    let items = tasks.filter(|(_, ticked)| *ticked).map(|(task, _)| {
        let item = Item {
            state: TaskState::Done,
            failed: false,
            started: None,
            since: At::default(),
            attempts: 0,
            title: None,
            note: None,
            by: None,
            commit: None,
            assumed: false,
        };
        ((*task).into(), item)
    });
    // Units that were ticked before anything began count as done.
    let ticked = plan.units.iter().filter(|unit| unit.ticked);
    let ticked: BTreeSet<UnitId> = ticked.map(|unit| unit.id).collect();
    let whole = plan.phases.iter().filter(|_| !plan.by_units());
    let parts = whole.map(|phase| (phase.id, phase.items().collect::<Vec<_>>()));
    PlanRun {
        by_units: plan.by_units(),
        pieces: plan.document.pieces(),
        parts: parts.filter(|(_, items)| !items.is_empty()).collect(),
        items: items.collect(),
        proven: ticked.clone(),
        ticked,
        ..PlanRun::default()
    }
}

impl State {
    /// True when only a pause keeps a finished plan from landing on the run's target.
    pub fn is_landing_paused(&self, plan: &crate::plan::PlanName) -> bool {
        let run = self.plan(plan);
        run.is_landing_paused() && run.outcome == Some(Outcome::Finished) && !self.is_landed(plan)
    }
}
