//! The train's orders, the answers, and the outcomes for plans.

use std::collections::BTreeSet;

use crate::plan::{CommitId, PlanName};
use crate::schedule::event::merge_facts::Verdict;
use crate::schedule::event::trouble::MergeTrouble;

/// Plans in the order in which they are merged, each on top of those before it.
pub type Batch = Vec<PlanName>;

/// A build; never used twice by one train.
pub type BuildId = u64;

/// A plan that is to land.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainEntry {
    /// The plan.
    pub plan: PlanName,
    /// Plans of the same queue that have to land before it.
    pub needs: BTreeSet<PlanName>,
}

/// One verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// Which.
    pub id: BuildId,
    /// The target tip it is on: it changes with every move of the target.
    pub target_tip: u64,
    /// Which worktree of the train it has.
    pub slot: usize,
    /// What is merged onto the target tip; nothing for the target tip itself.
    pub batch: Batch,
    /// The build whose very tree is verified again, because it was red.
    pub again: Option<BuildId>,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Build and verify. Answer: [`TrainAnswer::Tried`].
    Try(Build),
    /// End a build early; its own answer follows.
    Stop(BuildId),
    /// Move the target. Answer: [`TrainAnswer::Landed`].
    Land(Landing),
}

/// A move of the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landing {
    /// The build whose commits land.
    pub build: BuildId,
    /// The plans that land with it, in order.
    pub batch: Batch,
    /// The number of the target tip that the target then is.
    pub becomes: u64,
}

/// The evidence.
#[derive(Debug, Clone, PartialEq)]
pub enum TrainAnswer {
    /// The result of a build.
    Tried {
        /// Which.
        build: BuildId,
        /// The result.
        tried: Tried,
        /// True when the target tip that it is on is known to be green.
        tip_green: bool,
    },
    /// The result of the landing.
    Landed(Result<Vec<LandedPlan>, Unmoved>),
}

/// A plan that landed.
pub type LandedPlan = (PlanName, Option<CommitId>, CommitId);

/// Why nothing landed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmoved {
    /// Somebody else has moved the target.
    Moved,
    /// Somebody has said something of one of the plans since they were found fit to land.
    Withdrawn,
    /// Something is in the way.
    Refused(String),
    /// Something is in a checkout where the landing brings its own.
    InTheWay(String),
}

/// The result of a build.
#[derive(Debug, Clone, PartialEq)]
pub enum Tried {
    /// It was built and verified, now or before.
    Verdict(Verdict),
    /// This plan does not merge onto those before it.
    Conflict(PlanName, MergeTrouble),
    /// This plan cannot be merged at all.
    Impossible(PlanName, String),
    /// Something is in a checkout of the target where this plan brings its own.
    InTheWay(PlanName, String),
    /// Nothing can be landed on the target as it is.
    Refused(String),
    /// Somebody else has moved the target.
    Moved,
    /// It was ended early, and says nothing.
    Stopped,
}

/// The outcome for a plan.
#[derive(Debug, Clone, PartialEq)]
pub enum TrainOutcome {
    /// It is on the target.
    Landed {
        /// The plan.
        plan: PlanName,
        /// The target before.
        before: Option<CommitId>,
        /// The plan's own merge.
        commit: CommitId,
    },
    /// It is not going to land now.
    Failed(PlanName, MergeTrouble),
    /// A batch passed that was red before.
    Flaky {
        /// The batch.
        batch: Batch,
        /// The output when it was red.
        why: String,
    },
    /// Somebody moved the target: what is under way is built again.
    Rebuilt,
}
