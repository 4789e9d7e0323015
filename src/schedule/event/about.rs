//! The subjects of events.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::merge_facts::Verdict;
use super::words::is_zero;
use crate::plan::{AttemptId, CommitId, ItemId, LandedBy, ManifestChange, PlanName, Point, UnitId};

/// A report on a task or sub-task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskReport {
    /// The plan.
    pub plan: PlanName,
    /// The task or sub-task.
    pub task: ItemId,
    /// The attempt whose agent said so; none when another source did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// The item's title then; none in older journals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The agent's note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it was said, where the writer tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said_at: Option<Timestamp>,
    /// Where the worktree stood when it was heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitId>,
    /// True when nobody said so: the commits of an agent that never reports count instead (`report = "auto"`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub assumed: bool,
}

impl TaskReport {
    /// A person's word, without more about it.
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

/// The manifest or a document was edited while plans were worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestEdit {
    /// Everything that differs, with what does not count.
    pub changes: Vec<ManifestChange>,
}

/// A worktree of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneOf {
    /// The plan.
    pub plan: PlanName,
    /// Which of its worktrees; 0 is the plan's own.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lane: u32,
}

/// A remark about a worktree that is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneNote {
    /// The plan.
    pub plan: PlanName,
    /// Which of its worktrees; 0 is the plan's own.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lane: u32,
    /// The text, with advice where something is to be done.
    pub why: String,
}

/// A person holds a plan or a part of it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseAsked {
    /// The plan.
    pub plan: PlanName,
    /// The plan, or a part of it.
    pub point: Point,
    /// True when what runs is stopped too.
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

/// A phase or task of a plan that is given out on its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitOf {
    /// The plan.
    pub plan: PlanName,
    /// The phase or task.
    pub unit: UnitId,
}

/// The commits of an attempt do not merge into its plan's branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkConflict {
    /// The plan.
    pub plan: PlanName,
    /// The attempt.
    pub attempt: AttemptId,
    /// The files.
    pub files: Vec<String>,
}

/// A phase or task that waits for what will not come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkSkip {
    /// The plan.
    pub plan: PlanName,
    /// The phase or task.
    pub unit: UnitId,
    /// The cause: a phase or task of the plan, or a point of another.
    pub cause: String,
    /// Why, in words.
    pub why: String,
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

/// A plan, or its verification, that came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The plan.
    pub plan: PlanName,
    /// Why.
    pub why: String,
}

/// A plan that was taken off a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenBack {
    /// The plan.
    pub plan: PlanName,
    /// The branch.
    pub target: String,
    /// The commit that took it back.
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
    /// Where that stood.
    pub commit: CommitId,
    /// The evidence.
    pub evidence: LandedBy,
}

/// A verdict on plans merged onto the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedMerge {
    /// The plan on top; none for the target as it is.
    pub plan: Option<PlanName>,
    /// All plans of it, in the order in which they were merged.
    pub plans: Vec<PlanName>,
    /// The text.
    pub verdict: Verdict,
}

/// Plans whose merge was red once and then green.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlakyMerge {
    /// The plan on top; none for the target as it is.
    pub plan: Option<PlanName>,
    /// All plans of it, in the order in which they were merged.
    pub plans: Vec<PlanName>,
    /// The output when it was red.
    pub why: String,
}

/// The ticked boxes of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticks {
    /// Tasks, sub-tasks, checks and VERIFY blocks.
    pub items: BTreeSet<ItemId>,
    /// Units of which everything is ticked.
    pub units: BTreeSet<UnitId>,
}

/// The boxes of a plan that has begun are other ones than they were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicksOf {
    /// The plan.
    pub plan: PlanName,
    /// The boxes that are ticked now.
    pub ticks: Ticks,
}
