//! The data of `orch train`: every plan on its way to the target.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::request::{Answer, Request};
use super::socket::ask;
use crate::agent::{JobFolder, JobState};
use crate::journal::{SCHEMA, Verdicts};
use crate::plan::{PlanName, PlanState};
use crate::schedule::train::TrainPlace;
use crate::schedule::{MergeTrouble, plan_state};
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::view::situation::Situation;
use crate::words::{explained, train_reason};

/// The answer of `orch train --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrainView {
    /// Version of the document.
    pub schema: u32,
    /// The target branch.
    pub target: String,
    /// First the plans to land now, in order; then finished plans that wait for a person.
    pub entries: Vec<TrainEntryView>,
}

/// One plan on its way to the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrainEntryView {
    /// The plan.
    pub plan: PlanName,
    /// Its position, from 1; `None` when a person has to act first.
    pub place: Option<usize>,
    /// What happens with the plan now.
    pub state: TrainState,
    /// The plans on top of which the plan is merged, in order; empty for the target alone.
    pub on: Vec<PlanName>,
    /// Since when the plan has been waiting or being verified.
    pub since: Option<Timestamp>,
    /// Seconds since its verification began.
    pub elapsed_s: Option<u64>,
    /// Expected seconds until its verification ends, from the durations of earlier ones; `None` when nothing
    /// is known.
    pub remaining_s: Option<u64>,
    /// Why the plan waits, or what failed.
    pub why: Option<String>,
}

/// The state of a plan on its way to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TrainState {
    /// Nothing is being done.
    Waiting,
    /// The tree to verify is being built.
    Building,
    /// The tree is being verified.
    Verifying,
    /// The verification failed.
    Red,
    /// The target is being moved.
    Landing,
}

impl TrainState {
    /// The name that people and scripts see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Building => "building",
            Self::Verifying => "verifying",
            Self::Red => "red",
            Self::Landing => "landing",
        }
    }
}

impl TrainView {
    /// Asks the supervisor. Without a supervisor, the journal tells which plans are to land.
    ///
    /// # Errors
    ///
    /// When a supervisor is running and cannot be asked.
    pub fn of(project: &Project, situation: &Situation) -> Result<Self, SupervisorError> {
        let (into, places) = match ask(&project.dir, &Request::Train)? {
            Some(Answer::Train { into, places }) => (into, places),
            _ => situation.scheduler.train_places(),
        };
        let usual = usual_time(project);
        let queued = places.iter().enumerate().map(|(place, about)| {
            let since = about.build.as_ref().map(|build| build.since);
            let since = since.and_then(|since| situation.wall(since));
            let elapsed = since.map(|since| Timestamp::now().duration_since(since));
            let elapsed = elapsed.map(|elapsed| Duration::try_from(elapsed).unwrap_or_default());
            let left = elapsed
                .zip(usual)
                .map(|(elapsed, usual)| usual.saturating_sub(elapsed));
            let own = Self::waiting(situation, &about.plan);
            TrainEntryView {
                place: Some(place + 1),
                state: state_of(project, about),
                on: about.on.clone(),
                since: since.or(own.since),
                elapsed_s: elapsed.map(|elapsed| elapsed.as_secs()),
                remaining_s: left.map(|left| left.as_secs()),
                why: train_reason(about).or(own.why),
                plan: about.plan.clone(),
            }
        });
        let mut entries: Vec<TrainEntryView> = queued.collect();
        let (work, state) = (situation.scheduler.work(), situation.scheduler.state());
        let known = |plan: &PlanName| places.iter().any(|place| &place.plan == plan);
        let others = work.plans.iter().map(|plan| &plan.name).filter(|plan| {
            let run = state.plan(plan);
            let done = plan_state(work, state, plan) == PlanState::Finished || run.merge_trouble.is_some();
            done && !known(plan) && !state.is_landed(plan)
        });
        entries.extend(others.map(|plan| Self::waiting(situation, plan)));
        Ok(Self {
            schema: SCHEMA,
            target: into.unwrap_or_else(|| project.target.clone()),
            entries,
        })
    }

    /// The entry of a plan for which nothing runs.
    fn waiting(situation: &Situation, plan: &PlanName) -> TrainEntryView {
        let (work, state) = (situation.scheduler.work(), situation.scheduler.state());
        let run = state.plan(plan);
        let red = matches!(
            run.merge_trouble,
            Some(MergeTrouble::Verification { .. } | MergeTrouble::TargetRed { .. })
        );
        let why = explained(work, state, plan).into_iter().next();
        TrainEntryView {
            plan: plan.clone(),
            place: None,
            state: if red { TrainState::Red } else { TrainState::Waiting },
            on: Vec::new(),
            since: situation.wall(run.since),
            elapsed_s: None,
            remaining_s: None,
            why: why.map(|why| why.text),
        }
    }
}

fn state_of(project: &Project, place: &TrainPlace) -> TrainState {
    let verifies = |slot| {
        let folder = JobFolder::new(project.dir.train_verification(slot));
        matches!(folder.state(), Ok(JobState::Running(_)))
    };
    match &place.build {
        _ if place.landing => TrainState::Landing,
        Some(build) if verifies(build.slot) => TrainState::Verifying,
        Some(_) => TrainState::Building,
        None if place.red.as_ref().is_some_and(|red| red.batch.len() == 1) => TrainState::Red,
        None => TrainState::Waiting,
    }
}

/// The median duration of verifications with this command.
fn usual_time(project: &Project) -> Option<Duration> {
    let line = project.set.merge.verify.as_deref()?;
    let mut took = Verdicts::look(&project.dir)
        .and_then(|verdicts| verdicts.took(line))
        .ok()?;
    took.sort_unstable();
    took.get(took.len() / 2).copied()
}
