//! The subjects of events.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::merge_facts::Verdict;
use super::omitted::is_zero;
use super::why::because::Because;
use crate::plan::{
    AttemptId, CommitId, ExecutorName, ItemId, LandedBy, ManifestChange, PlanName, Point, UnitId,
};

/// A report on a task or sub-task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskReport {
    /// The plan.
    pub plan: PlanName,
    /// The task or sub-task.
    pub task: ItemId,
    /// The attempt whose agent reported, or `None` when the report came from another source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// The item's title at that time, or `None` in older journals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The agent's note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When the report was made, if the writer says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said_at: Option<Timestamp>,
    /// The worktree's commit when the report was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitId>,
    /// True when nobody reported: the commits of an agent that never reports count instead (`report = "auto"`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub assumed: bool,
}

impl TaskReport {
    /// Creates a person's report without further details.
    pub fn by_person(plan: PlanName, task: ItemId, note: Option<String>) -> Self {
        Self {
            plan,
            task,
            title: None,
            attempt: None,
            note,
            said_at: None,
            commit: None,
            assumed: false,
        }
    }
}

/// A plan as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfPlan {
    /// The plan.
    pub plan: PlanName,
}

/// The manifest or a document was edited during a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestEdit {
    /// All changes, including those that have no effect.
    pub changes: Vec<ManifestChange>,
}

/// A worktree of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneOf {
    /// The plan.
    pub plan: PlanName,
    /// Lane of the worktree; 0 is the plan's own.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lane: u32,
}

/// A remark about a worktree that is being created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneNote {
    /// The plan.
    pub plan: PlanName,
    /// Lane of the worktree; 0 is the plan's own.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lane: u32,
    /// The text, with advice if there is something to do.
    pub why: String,
}

/// A person pauses a plan or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseAsked {
    /// The plan.
    pub plan: PlanName,
    /// The plan, or a part of it.
    pub point: Point,
    /// True to stop running work too.
    pub now: bool,
}

/// A plan, or a part of it, that a person steers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steered {
    /// The plan.
    pub plan: PlanName,
    /// The plan, or a part of it.
    pub point: Point,
}

/// A phase or task of a plan that agents get as a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitOf {
    /// The plan.
    pub plan: PlanName,
    /// The phase or task.
    pub unit: UnitId,
}

/// The commits of an attempt conflict with its plan's branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkConflict {
    /// The plan.
    pub plan: PlanName,
    /// The attempt.
    pub attempt: AttemptId,
    /// The files.
    pub files: Vec<String>,
}

/// A phase or task whose dependency will never be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkSkip {
    /// The plan.
    pub plan: PlanName,
    /// The phase or task.
    pub unit: UnitId,
    /// The cause: a phase or task of the same plan, or a point of another plan.
    pub cause: String,
    /// Why.
    pub why: Because,
}

/// A point whose commit could not be pinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinRefusal {
    /// The plan.
    pub plan: PlanName,
    /// The point.
    pub point: Point,
    /// Why.
    pub why: String,
}

/// A plan, or its verification, that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The plan.
    pub plan: PlanName,
    /// Why.
    pub why: Because,
}

/// A plan that was skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedPlan {
    /// The plan.
    pub plan: PlanName,
    /// The plan that is the cause.
    pub cause: PlanName,
    /// Why.
    pub why: Because,
}

/// A plan that was reverted on a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenBack {
    /// The plan.
    pub plan: PlanName,
    /// The branch.
    pub target: String,
    /// The commit that reverted the plan.
    pub commit: CommitId,
}

/// Commits of an attempt that could not be merged into the plan's branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkRefusal {
    /// The plan.
    pub plan: PlanName,
    /// The attempt.
    pub attempt: AttemptId,
    /// The obstacle, and what to do.
    pub why: String,
}

/// A plan that was found on a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundPlan {
    /// The plan.
    pub plan: PlanName,
    /// The branch it was found on.
    pub target: String,
    /// The branch's tip.
    pub commit: CommitId,
    /// The evidence.
    pub evidence: LandedBy,
}

/// A verdict on plans merged onto the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedMerge {
    /// The last plan of the batch, or `None` for the target as it is.
    pub plan: Option<PlanName>,
    /// All plans of the batch, in the order in which they were merged.
    pub plans: Vec<PlanName>,
    /// The verdict.
    pub verdict: Verdict,
}

/// Plans whose merge failed verification once and then passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlakyMerge {
    /// The last plan of the batch, or `None` for the target as it is.
    pub plan: Option<PlanName>,
    /// All plans of the batch, in the order in which they were merged.
    pub plans: Vec<PlanName>,
    /// The output of the failed verification.
    pub why: String,
}

/// The ticked boxes of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticks {
    /// Tasks, sub-tasks, checks and VERIFY blocks.
    pub items: BTreeSet<ItemId>,
    /// Units with every box ticked.
    pub units: BTreeSet<UnitId>,
}

/// The ticked boxes of a started plan changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicksOf {
    /// The plan.
    pub plan: PlanName,
    /// The boxes that are ticked now.
    pub ticks: Ticks,
}

/// An agent's process that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentStart {
    /// The plan.
    pub plan: PlanName,
    /// The attempt.
    pub attempt: AttemptId,
    /// The runner's process id; 0 on another machine.
    pub pid: u32,
    /// The branch's tip when the agent started, including merged dependencies, or `None` if unknown.
    pub head: Option<CommitId>,
    /// The node that runs it, or `None` for this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
}

/// An attempt that was handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSubmit {
    /// The plan.
    pub plan: PlanName,
    /// The attempt.
    pub attempt: AttemptId,
    /// The executor.
    pub executor: ExecutorName,
    /// The engine's name of the job, or `None` while the engine has not named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The branch's tip at the hand-over.
    pub head: Option<CommitId>,
}

/// A node that is silent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSilence {
    /// The plan.
    pub plan: PlanName,
    /// The attempt.
    pub attempt: AttemptId,
    /// How long nothing has been heard, in milliseconds.
    pub for_ms: u64,
}
