//! Facts about resolving a conflict between a plan and the target.

use serde::{Deserialize, Serialize};

use super::about::OfPlan;
use super::exit::Exit;
use super::why::because::Because;
use crate::plan::{AgentName, AttemptId, CommitId, PhaseId, PlanName, Point, WorkRef};

/// One fact about a conflict with the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event")]
pub enum Resolving {
    /// The conflict was checked out in its own worktree.
    #[serde(rename = "resolve.opened")]
    Opened(ConflictOpened),
    /// The conflict was resolved in that worktree.
    #[serde(rename = "resolve.done")]
    Done(ConflictResolved),
    /// The resolution was given up.
    #[serde(rename = "resolve.dropped")]
    Dropped(OfPlan),
    /// A person stopped the agent at the conflict. No other agent tries these two commits.
    #[serde(rename = "resolve.cancelled")]
    Cancelled(OfPlan),
    /// A candidate was built despite a conflict, by reusing an earlier resolution or by generating files again.
    #[serde(rename = "resolve.reused")]
    Reused(ConflictRepaired),
    /// An agent was given the conflict. Written before its process starts.
    #[serde(rename = "resolve.started")]
    Started(ResolverStarted),
    /// The agent's resolution was not accepted.
    #[serde(rename = "resolve.failed")]
    Failed(ResolverFailed),
}

/// A conflict that was checked out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictOpened {
    /// The plan.
    pub plan: PlanName,
    /// The last phase to land, or `None` for the whole plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<PhaseId>,
    /// The worktree.
    pub path: String,
    /// The target's tip.
    pub onto: CommitId,
    /// The tip of the plan's branch.
    pub head: CommitId,
    /// The files to resolve.
    pub files: Vec<String>,
    /// Files whose earlier resolution was reused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reused: Vec<String>,
}

/// A conflict that was resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictResolved {
    /// The plan.
    pub plan: PlanName,
    /// The last phase to land, or `None` for the whole plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<PhaseId>,
    /// The commit that contains both sides.
    pub commit: CommitId,
    /// The attempt of the agent that resolved the conflict, or `None` when a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// The agent's reasons for leaving out lines, or `None` when it left none out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
}

/// An agent that was given a conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolverStarted {
    /// The plan.
    pub plan: PlanName,
    /// The last phase to land, or `None` for the whole plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<PhaseId>,
    /// The attempt.
    pub attempt: AttemptId,
    /// The agent.
    pub agent: AgentName,
    /// The account in use, or `None` when the agent has only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The target's tip.
    pub onto: CommitId,
    /// The tip of the plan's branch.
    pub head: CommitId,
}

/// An agent that did not resolve a conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolverFailed {
    /// The plan.
    pub plan: PlanName,
    /// The last phase to land, or `None` for the whole plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<PhaseId>,
    /// The attempt.
    pub attempt: AttemptId,
    /// How the agent's process ended. `stopped` when a person asked to stop; the attempt then has no result.
    pub exit: Exit,
    /// The missing evidence.
    pub why: Because,
    /// The worktree with the agent's work, kept for inspection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// A conflict that needed no resolution by a person or agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictRepaired {
    /// The plan.
    pub plan: PlanName,
    /// The last phase to land, or `None` for the whole plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<PhaseId>,
    /// The target's tip, including the plans that land first.
    pub onto: CommitId,
    /// Files whose earlier resolution was reused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reused: Vec<String>,
    /// Files that were generated again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regenerated: Vec<String>,
}

/// Returns a reference to a plan, or to its first phases.
pub(in crate::schedule) fn up_to(plan: &PlanName, phase: Option<PhaseId>) -> WorkRef {
    WorkRef::at(plan, phase.map_or(Point::Plan, Point::Phase))
}

impl Resolving {
    /// Returns the plan that the fact is about.
    pub fn plan(&self) -> &PlanName {
        match self {
            Self::Opened(opened) => &opened.plan,
            Self::Done(done) => &done.plan,
            Self::Dropped(of) | Self::Cancelled(of) => &of.plan,
            Self::Reused(repaired) => &repaired.plan,
            Self::Started(started) => &started.plan,
            Self::Failed(failed) => &failed.plan,
        }
    }
}
