//! Facts about merges of plans into a target, whole or up to the end of a phase, and about the commits that end phases.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::phase_fact::Ran;
use super::trouble::MergeTrouble;
use super::words::{is_zero, listed};
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

/// The verdict on the tip that a run landed, in a fresh worktree.
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

    /// Advice, where it does not pass.
    pub fn remedy(&self) -> Option<String> {
        self.why.as_ref()?;
        match self.first_bad.as_ref().and_then(|first| first.plan.as_ref()) {
            Some(plan) => Some(format!("orch revert {plan}")),
            None => Some(format!("fix {}, then orch merge", self.target)),
        }
    }
}

/// First phases of a plan, as one of its commits holds them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prefix {
    /// The last of the phases that were asked for.
    pub up_to: PhaseId,
    /// Every phase that is in it, sorted.
    pub phases: Vec<PhaseId>,
    /// The plan's commit that ends it.
    pub head: CommitId,
}

impl Prefix {
    /// True when a point of the plan is in it.
    pub fn holds(&self, point: Point) -> bool {
        match point {
            Point::Plan => false,
            Point::Phase(phase) => self.phases.contains(&phase),
            Point::Task(task) => self.phases.contains(&task.phase),
        }
    }

    /// `phase 1`, `phases 1, 2`.
    pub fn words(&self) -> String {
        words(&self.phases)
    }
}

/// The phases in words: `phase 1`, `phases 1, 2`.
pub fn words(phases: &[PhaseId]) -> String {
    let ids: Vec<String> = phases.iter().map(ToString::to_string).collect();
    let noun = if ids.len() == 1 { "phase" } else { "phases" };
    format!("{noun} {}", listed(&ids))
}

/// The verdict of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// True when it passed.
    pub green: bool,
    /// In words, with the end of the output; empty when it passed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// True when it took longer than it was given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub timed_out: bool,
    /// How many runs said so: more than one when a red one is known from before, none when the target has all of the stack
    /// already.
    pub runs: u32,
    /// True when it was known from before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub known: bool,
    /// How long it took.
    pub took: Duration,
    /// The command and its commit; none if unknown, or without a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran: Option<Box<Ran>>,
}

impl Verdict {
    /// The verdict where nothing has to be verified.
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
