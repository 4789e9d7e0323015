//! Facts about merges of plans into a target, whole or up to the end of a phase, and about the commits that end phases.

use serde::{Deserialize, Serialize};

use super::about::is_zero;
use super::trouble::MergeTrouble;
use crate::plan::{CommitId, PhaseId, PlanName, Point};
use crate::schedule::merge::prefix::Prefix;

/// The commit of a point of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned {
    /// The plan.
    pub plan: PlanName,
    /// The point.
    pub point: Point,
    /// The commit.
    pub commit: CommitId,
    /// The phases that were done before it was looked for, and so are in it for sure; empty where that is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<PhaseId>,
    /// Files that were in no commit then.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub uncommitted: u32,
}

/// A plan whose candidate is being built and verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeBegun {
    /// The plan.
    pub plan: PlanName,
    /// Its first phases, where not the whole plan is merged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Prefix>,
}

/// A plan, or its first phases, on a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Landed {
    /// The plan.
    pub plan: PlanName,
    /// The branch it landed on.
    pub target: String,
    /// The target before.
    pub before: Option<CommitId>,
    /// The target after: the commit that was verified.
    pub commit: CommitId,
    /// Its first phases, where not the whole plan has landed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Prefix>,
    /// Fingerprint of its tasks as they were written; none where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub print: Option<u32>,
}

/// A plan, or its first phases, that could not be landed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NotLanded {
    /// The plan.
    pub plan: PlanName,
    /// The last phase that was to land, where not the whole plan was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<PhaseId>,
    /// Why.
    pub why: MergeTrouble,
}

/// What was found when the tip that a run had landed was verified once more, in a fresh worktree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetChecked {
    /// The branch.
    pub target: String,
    /// Where it stood.
    pub commit: CommitId,
    /// Why it does not pass; none when it does.
    #[serde(default)]
    pub why: Option<String>,
    /// The first commit on its first-parent line that does not pass; none when it did not before the run either.
    #[serde(default)]
    pub first_bad: Option<FirstBad>,
}

/// The first of several commits that does not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstBad {
    /// The commit.
    pub commit: CommitId,
    /// The plan that landed with it; none when somebody else made it.
    #[serde(default)]
    pub plan: Option<PlanName>,
}

impl TargetChecked {
    /// For people: what is wrong, where it does not pass.
    pub fn trouble(&self) -> Option<String> {
        let why = self.why.as_ref()?;
        let Self { target, commit, .. } = self;
        let since = match &self.first_bad {
            Some(FirstBad {
                commit,
                plan: Some(plan),
            }) => format!("since plan {plan} landed ({})", commit.short()),
            Some(FirstBad { commit, plan: None }) => format!("since {}", commit.short()),
            None => "and did not before this run".to_owned(),
        };
        Some(format!(
            "{target} ({}) does not pass in a fresh worktree, {since}: {why}",
            commit.short()
        ))
    }

    /// What a person can do about it, where it does not pass.
    pub fn remedy(&self) -> Option<String> {
        self.why.as_ref()?;
        match self.first_bad.as_ref().and_then(|first| first.plan.as_ref()) {
            Some(plan) => Some(format!("orch revert {plan}")),
            None => Some(format!("mend {}, then orch merge", self.target)),
        }
    }
}
