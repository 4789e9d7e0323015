//! Facts about merges of plans into a target, whole or up to the end of a phase, and about the commits that end phases.

use serde::{Deserialize, Serialize};

use super::MergeTrouble;
use super::event_about::is_zero;
use super::prefix::Prefix;
use crate::plan::{CommitId, PhaseId, PlanName, Point};

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
