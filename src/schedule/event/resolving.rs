//! Facts about resolving the conflict of a plan with the target.

use serde::{Deserialize, Serialize};

use super::about::OfPlan;
use super::exit::Exit;
use crate::plan::{AgentName, AttemptId, CommitId, PhaseId, PlanName, Point, WorkRef};

/// One fact about a conflict with the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event")]
pub enum Resolving {
    /// The conflict is checked out in a worktree made for it.
    #[serde(rename = "resolve.opened")]
    Opened(ConflictOpened),
    /// It was resolved there.
    #[serde(rename = "resolve.done")]
    Done(ConflictResolved),
    /// Its resolution was given up.
    #[serde(rename = "resolve.dropped")]
    Dropped(OfPlan),
    /// A person does not want the agent at it to continue, nor another to begin on these two commits.
    #[serde(rename = "resolve.cancelled")]
    Cancelled(OfPlan),
    /// A candidate was built although it conflicts: as it was resolved before, or by making generated files again.
    #[serde(rename = "resolve.reused")]
    Reused(ConflictRepaired),
    /// An agent was given the conflict. Written before its process starts.
    #[serde(rename = "resolve.started")]
    Started(ResolverStarted),
    /// The agent's resolution is not accepted.
    #[serde(rename = "resolve.failed")]
    Failed(ResolverFailed),
}

/// A conflict that is checked out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictOpened {
    /// The plan.
    pub plan: PlanName,
    /// The last phase that it is about, where that is not the whole plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<PhaseId>,
    /// The worktree.
    pub path: String,
    /// Where the target stood.
    pub onto: CommitId,
    /// Where the plan's branch stood.
    pub head: CommitId,
    /// The files that are to be resolved.
    pub files: Vec<String>,
    /// Files that were resolved as they were before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reused: Vec<String>,
}

/// A conflict that was resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictResolved {
    /// The plan.
    pub plan: PlanName,
    /// The last phase that it is about, where that is not the whole plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<PhaseId>,
    /// The commit that holds both sides.
    pub commit: CommitId,
    /// The attempt of the agent that resolved it; none when a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// The agent's reasons for left-out lines; none when it left none out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
}

/// An agent that was given a conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolverStarted {
    /// The plan.
    pub plan: PlanName,
    /// The last phase that it is about, where that is not the whole plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<PhaseId>,
    /// The attempt.
    pub attempt: AttemptId,
    /// The agent.
    pub agent: AgentName,
    /// The account it uses; none when the agent has but one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Where the target stood.
    pub onto: CommitId,
    /// Where the plan's branch stood.
    pub head: CommitId,
}

/// An agent that did not resolve a conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolverFailed {
    /// The plan.
    pub plan: PlanName,
    /// The last phase that it is about, where that is not the whole plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<PhaseId>,
    /// The attempt.
    pub attempt: AttemptId,
    /// How its process ended; `stopped` when a person asked to stop, and it says nothing then.
    pub exit: Exit,
    /// The missing evidence.
    pub why: String,
    /// The worktree with what it made, to look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// A conflict that nobody needed to resolve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictRepaired {
    /// The plan.
    pub plan: PlanName,
    /// The last phase that it is about, where that is not the whole plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<PhaseId>,
    /// Where the target stood, with what is to land before.
    pub onto: CommitId,
    /// Files that were resolved as they were before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reused: Vec<String>,
    /// Files that were made again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regenerated: Vec<String>,
}

impl ConflictRepaired {
    /// In words.
    pub fn words(&self) -> String {
        let part =
            |files: &[String], how: &str| (!files.is_empty()).then(|| format!("{} {how}", files.join(", ")));
        let parts = [
            part(&self.reused, "resolved as before"),
            part(&self.regenerated, "made anew"),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}

/// A plan, or its first phases.
pub(in crate::schedule) fn up_to(plan: &PlanName, phase: Option<PhaseId>) -> WorkRef {
    WorkRef::at(plan, phase.map_or(Point::Plan, Point::Phase))
}

impl Resolving {
    /// The plan that it is about.
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
