//! Facts about merging plans into a target, whole or up to the end of a phase, and about the commits that end phases.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::omitted::is_zero;
use super::phase_fact::Ran;
use super::trouble::MergeTrouble;
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
    /// The phases that were already done when the commit was determined, so it surely contains them. Empty if unknown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<PhaseId>,
    /// Number of files that were uncommitted at that time.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub uncommitted: u32,
}

/// A plan whose candidate is being built and verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeBegun {
    /// The plan.
    pub plan: PlanName,
    /// The plan's first phases, when only these are merged.
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
    /// The target's tip before.
    pub before: Option<CommitId>,
    /// The target's tip after: the verified commit.
    pub commit: CommitId,
    /// The plan's first phases, when only these landed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Prefix>,
    /// Fingerprint of the plan's written tasks, or `None` if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub print: Option<u32>,
}

/// A plan, or its first phases, that could not be landed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NotLanded {
    /// The plan.
    pub plan: PlanName,
    /// The last phase that was to land, when not the whole plan was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<PhaseId>,
    /// Why.
    pub why: MergeTrouble,
}

/// The verdict on the tip that a run landed, from a fresh worktree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetChecked {
    /// The branch.
    pub target: String,
    /// The branch's tip.
    pub commit: CommitId,
    /// Why the tip does not pass, or `None` when it passes.
    #[serde(default)]
    pub why: Option<String>,
    /// The first commit on the tip's first-parent line that does not pass, or `None` when the branch did not pass before the
    /// run either.
    #[serde(default)]
    pub first_bad: Option<FirstBad>,
}

/// The first of several commits that does not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstBad {
    /// The commit.
    pub commit: CommitId,
    /// The plan that landed with the commit, or `None` when somebody else made it.
    #[serde(default)]
    pub plan: Option<PlanName>,
}

/// First phases of a plan, as contained in one of its commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prefix {
    /// The last of the requested phases.
    pub up_to: PhaseId,
    /// All contained phases, sorted.
    pub phases: Vec<PhaseId>,
    /// The plan's commit that contains them.
    pub head: CommitId,
}

impl Prefix {
    /// Returns true when a point of the plan is contained.
    pub fn holds(&self, point: Point) -> bool {
        match point {
            Point::Plan => false,
            Point::Phase(phase) => self.phases.contains(&phase),
            Point::Task(task) => self.phases.contains(&task.phase),
        }
    }
}

/// The verdict of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// True when it passed.
    pub green: bool,
    /// The verdict in words, with the end of the output. Empty when the verification passed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// True when the verification reached its time limit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub timed_out: bool,
    /// Number of runs with this verdict. More than one when an earlier failure is known, 0 when the target already contains
    /// the whole batch.
    pub runs: u32,
    /// True when the verdict was already known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub known: bool,
    /// How long the verification took.
    pub took: Duration,
    /// The command and its commit, or `None` if unknown or without a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran: Option<Box<Ran>>,
}

impl Verdict {
    /// Returns the verdict for a merge that needs no verification.
    pub fn unasked() -> Self {
        Self {
            green: true,
            why: String::new(),
            timed_out: false,
            runs: 0,
            known: true,
            took: Duration::ZERO,
            ran: None,
        }
    }
}
