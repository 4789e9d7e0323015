//! The state of everything: the fold of the journal.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{AttemptId, CommitId, Dependency, PlanName, RunId, TaskState};

use super::plan_run::{Item, PlanRun};
use super::work::Work;
use super::{At, Merge};

/// All that is known.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Plans by name.
    pub plans: BTreeMap<PlanName, PlanRun>,
    /// The run under way, or the last one.
    pub run: Option<RunInfo>,
    /// Where the run stands.
    pub phase: Phase,
    /// The latest moment seen.
    pub now: At,
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
    /// While it only lands what is finished: where the run stood before.
    pub merge_only: Option<Phase>,
    /// When it began, or went on last.
    pub started: At,
}

/// Where the run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was ever run.
    Idle,
    /// A supervisor drives it, or did when the journal ends without another word.
    Driving,
    /// Asked to stop.
    Stopping {
        /// Without grace.
        now: bool,
    },
    /// Stopped in order, with work left.
    Stopped {
        /// True when the next `orch up` goes on with this run.
        resume: bool,
    },
    /// Every plan has settled.
    Settled,
}

impl State {
    /// Before any event: boxes that are ticked in the documents are done, all else is open.
    pub fn new(work: &Work) -> Self {
        let plans = work.plans.iter().map(|plan| {
            let ticked = plan
                .phases
                .iter()
                .flat_map(|phase| &phase.tasks)
                .filter(|(_, t)| *t);
            let items = ticked.map(|(task, _)| {
                let item = Item {
                    state: TaskState::Done,
                    started: None,
                    since: At::default(),
                    note: None,
                };
                ((*task).into(), item)
            });
            // What was ticked before anything began is taken as it is.
            let done = plan
                .phases
                .iter()
                .filter(|phase| !phase.tasks.is_empty() && phase.tasks.iter().all(|(_, t)| *t));
            let run = PlanRun {
                items: items.collect(),
                proven: done.map(|phase| phase.id).collect(),
                ..PlanRun::default()
            };
            (plan.name.clone(), run)
        });
        Self {
            plans: plans.collect(),
            run: None,
            phase: Phase::Idle,
            now: At::default(),
        }
    }

    /// The plan's state; every plan of the work has one.
    pub fn plan(&self, name: &PlanName) -> &PlanRun {
        static UNKNOWN: std::sync::LazyLock<PlanRun> = std::sync::LazyLock::new(PlanRun::default);
        self.plans.get(name).unwrap_or(&UNKNOWN)
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

    /// True when what the dependency asks for has happened.
    pub fn is_satisfied(&self, dependency: &Dependency) -> bool {
        if dependency.landed {
            self.is_landed(&dependency.on.plan)
        } else {
            self.plan(&dependency.on.plan).has_reached(dependency.on.point)
        }
    }

    /// The commit that a dependent starts from, once there is one.
    pub fn commit_of(&self, dependency: &Dependency) -> Option<&CommitId> {
        if dependency.landed {
            self.landed_commit(&dependency.on.plan)
        } else {
            self.plan(&dependency.on.plan).pins.get(&dependency.on.point)
        }
    }

    /// True when the dependency can no longer be satisfied in this run.
    pub fn is_hopeless(&self, dependency: &Dependency) -> bool {
        !self.is_satisfied(dependency) && self.plan(&dependency.on.plan).has_given_up()
    }

    /// True when the run works on the plan.
    pub fn drives(&self, name: &PlanName) -> bool {
        self.run.as_ref().is_none_or(|run| run.drives(name))
    }

    /// Attempts whose process is being started or runs, with their plans.
    pub fn open_attempts(&self) -> impl Iterator<Item = (&PlanName, &AttemptId)> {
        self.plans.iter().filter_map(|(name, plan)| {
            let attempt = plan.attempt.as_ref()?;
            attempt.stage.holds_slot().then_some((name, &attempt.id))
        })
    }

    /// The plan that is being merged.
    pub fn merging(&self) -> Option<&PlanName> {
        self.plans
            .iter()
            .find(|(_, plan)| matches!(plan.merge, Merge::Running(_)))
            .map(|(name, _)| name)
    }
}
