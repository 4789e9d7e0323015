//! The shared parts of the engine.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::git::WorktreeAdmin;
use crate::journal::Journal;
use crate::plan::{LaneId, PlanName, RunId};
use crate::schedule::{Event, Input, Scheduler};

use super::clock::Clock;
use super::message::EngineMessage;
use crate::supervisor::perform::attempt::unit::UnitLocks;
use crate::supervisor::perform::tree::candidate_pool::CandidatePool;
use crate::supervisor::project::repository_plans::Project;

/// The project, its state, and the channel back to the loop.
pub struct Desk {
    pub project: Arc<Project>,
    pub admin: Arc<WorktreeAdmin>,
    pub units: Arc<UnitLocks>,
    pub pool: Arc<CandidatePool>,
    pub scheduler: Scheduler,
    pub journal: Journal,
    pub clock: Clock,
    pub run: RunId,
    /// True when plans land as soon as they are finished, unless a plan says otherwise.
    pub auto_merge: bool,
    pub sender: mpsc::UnboundedSender<EngineMessage>,
}

impl Desk {
    /// Runs work on a thread of its own, and sends the result to the loop.
    pub fn in_background(&self, work: impl FnOnce() -> EngineMessage + Send + 'static) {
        let sender = self.sender.clone();
        tokio::task::spawn_blocking(move || {
            let _ = sender.send(work());
        });
    }

    /// The path of a lane's worktree, which need not exist yet.
    pub fn worktree(&self, lane: &LaneId) -> PathBuf {
        match self.scheduler.state().plan(&lane.plan).worktrees.get(&lane.lane) {
            Some(made) => PathBuf::from(&made.path),
            None => self.project.lane_path(lane),
        }
    }

    /// Plans with an attempt that has not ended.
    pub fn at_work(&self) -> Vec<PlanName> {
        let open = self.scheduler.state().open_attempts();
        let mut plans: Vec<PlanName> = open.map(|(name, _, _)| name.clone()).collect();
        plans.dedup();
        plans
    }
}

/// Adds a warning for a person.
pub fn warn(inputs: &mut Vec<Input>, plan: Option<PlanName>, why: String) {
    inputs.push(Input::Event(Event::warning(plan, why)));
}
