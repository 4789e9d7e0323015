//! What is known of one plan: the fold of its events.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{AgentName, AttemptId, CommitId, ItemId, PhaseId, Point, TaskState};

use super::{At, Evidence, Exit, Hold, MergeTrouble};

/// State of one plan.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlanRun {
    /// Its worktree, once there is one.
    pub worktree: Option<WorktreeMade>,
    /// Tasks and sub-tasks that were reported, or ticked in the document.
    pub items: BTreeMap<ItemId, Item>,
    /// Phases that are done, and since when.
    pub phases_done: BTreeMap<PhaseId, At>,
    /// Phases that an attempt completed, with everything that is demanded for that. A phase that was merely reported
    /// done lets others start, but the plan is not finished on an agent's word.
    pub proven: BTreeSet<PhaseId>,
    /// Commits pinned for those who wait for a point of this plan.
    pub pins: BTreeMap<Point, CommitId>,
    /// Points whose commit could not be pinned in this run, and why.
    pub pins_refused: BTreeMap<Point, String>,
    /// The attempt under way.
    pub attempt: Option<Attempt>,
    /// Every attempt of this plan, oldest first.
    pub history: Vec<AttemptRecord>,
    /// Attempts at the current leg.
    pub tries: u32,
    /// Attempts at the current leg that used up a retry.
    pub failures: u32,
    /// Commits made by attempts at the current leg.
    pub leg_commits: u32,
    /// No new attempt before this moment.
    pub retry_at: Option<At>,
    /// Why the last attempt at the current leg did not complete it.
    pub last_failure: Option<String>,
    /// Where the plan's own verification stands.
    pub verify: Verify,
    /// How the plan ended, once it has.
    pub outcome: Option<Outcome>,
    /// The commits with which it landed, by target branch.
    pub landed: BTreeMap<String, CommitId>,
    /// Where its merge stands.
    pub merge: Merge,
    /// Why the last merge did not land it.
    pub merge_trouble: Option<MergeTrouble>,
    /// When the state last changed.
    pub since: At,
}

/// A worktree that exists.
#[derive(Debug, Clone, PartialEq)]
pub struct WorktreeMade {
    /// Its folder.
    pub path: String,
    /// Its branch.
    pub branch: String,
    /// Where the branch started.
    pub base: CommitId,
}

/// What is known of a task or sub-task.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its state as last reported.
    pub state: TaskState,
    /// When it was begun.
    pub started: Option<At>,
    /// When that state was reported.
    pub since: At,
    /// What the agent said about it.
    pub note: Option<String>,
}

/// The attempt under way.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// Which attempt at this leg, from 1.
    pub number: u32,
    /// Its agent.
    pub agent: AgentName,
    /// The phases it was given.
    pub phases: Vec<PhaseId>,
    /// How far it is.
    pub stage: Stage,
    /// True once it reported any task.
    pub reported: bool,
    /// When it was assigned.
    pub since: At,
    /// The branch's tip when it started.
    pub head: Option<CommitId>,
    /// True when it was started only because the plan's verification failed.
    pub repair: bool,
}

/// How far an attempt is.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// Being started.
    Assigned,
    /// Its process runs.
    Running,
    /// Its process is gone; what it left is looked at.
    Ended(Exit),
    /// All is known.
    Checked(Exit, Evidence),
}

impl Stage {
    /// True while the attempt takes up a slot: its process is being started or runs.
    pub fn holds_slot(&self) -> bool {
        match self {
            Self::Assigned | Self::Running => true,
            Self::Ended(_) | Self::Checked(..) => false,
        }
    }
}

/// What remains known of every attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptRecord {
    /// Its id.
    pub id: AttemptId,
    /// Its agent.
    pub agent: AgentName,
    /// The phases it was given.
    pub phases: Vec<PhaseId>,
    /// When its process started.
    pub started: Option<At>,
    /// When it ended.
    pub ended: Option<At>,
    /// How its process ended.
    pub exit: Option<Exit>,
    /// Why it did not complete its leg, if so.
    pub failure: Option<String>,
}

/// Where a plan's own verification stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Verify {
    /// Not run on what is there now.
    #[default]
    Open,
    /// Running.
    Running,
    /// The commit passed.
    Passed(CommitId),
    /// It failed, and an agent has to mend that before it runs again.
    Failed,
}

/// How a plan ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Done and verified.
    Finished,
    /// Attempts used up.
    Failed(String),
    /// A dependency did not succeed.
    Skipped(String),
    /// Needs a person.
    Held(Hold),
}

/// Where a plan's merge stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Merge {
    /// Nobody asked.
    #[default]
    Idle,
    /// Asked for, with another target than the run's if one is named.
    Wanted(Option<String>),
    /// Under way.
    Running(Option<String>),
}

impl PlanRun {
    /// The state of a task as reported; pending when nobody said anything.
    pub fn item_state(&self, item: &ItemId) -> TaskState {
        self.items.get(item).map_or(TaskState::Pending, |item| item.state)
    }

    /// True when no work remains on the task.
    pub fn is_item_settled(&self, item: &ItemId) -> bool {
        self.item_state(item).is_settled()
    }

    /// True when the point has been reached (for the whole plan: finished; landing is another fact).
    pub fn has_reached(&self, point: Point) -> bool {
        match point {
            Point::Plan => matches!(self.outcome, Some(Outcome::Finished)) || !self.landed.is_empty(),
            Point::Phase(phase) => self.phases_done.contains_key(&phase),
            Point::Task(task) => self.is_item_settled(&task.into()),
        }
    }

    /// True when the plan ended without success and will not go on in this run.
    pub fn has_given_up(&self) -> bool {
        match self.outcome {
            Some(Outcome::Failed(_) | Outcome::Skipped(_)) => true,
            Some(Outcome::Finished | Outcome::Held(_)) | None => false,
        }
    }

    /// True when work may still be started on it.
    pub fn is_open(&self) -> bool {
        self.outcome.is_none()
    }
}
