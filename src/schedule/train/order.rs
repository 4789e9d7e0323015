//! The train's orders, the answers, and the outcomes for plans.

use std::collections::BTreeSet;

use crate::plan::{CommitId, PlanName};
use crate::schedule::event::merge_facts::Verdict;
use crate::schedule::event::trouble::MergeTrouble;

/// Plans in the order in which they are merged, each on top of those before it.
pub type Batch = Vec<PlanName>;

/// The number of a build, never used twice by one train.
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
    /// Its number.
    pub id: BuildId,
    /// The number of the target tip that it is on, which changes with every move of the target.
    pub target_tip: u64,
    /// The worktree of the train that it uses.
    pub slot: usize,
    /// The plans that are merged onto the target tip. Empty for a build of the target tip itself.
    pub batch: Batch,
    /// The red build whose very tree is verified again, if there is one.
    pub again: Option<BuildId>,
}

/// An order of the train.
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
    /// The number of the target tip after the move.
    pub becomes: u64,
}

/// An answer to an order.
#[derive(Debug, Clone, PartialEq)]
pub enum TrainAnswer {
    /// The result of a build.
    Tried {
        /// The build.
        build: BuildId,
        /// The result.
        tried: Tried,
        /// True when the target tip under the build is known to be green.
        tip_green: bool,
    },
    /// The result of the landing.
    Landed(Result<Vec<LandedPlan>, Unmoved>),
}

/// A plan that landed, the target before it, and the plan's own merge.
pub type LandedPlan = (PlanName, Option<CommitId>, CommitId);

/// Why nothing landed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmoved {
    /// Somebody else has moved the target.
    Moved,
    /// Somebody reported on one of the plans, or held it back, after the plans were found fit to land.
    Withdrawn,
    /// Something is in the way.
    Refused(String),
    /// Something in a checkout is in the way of what the landing brings.
    InTheWay(String),
}

/// The result of a build.
#[derive(Debug, Clone, PartialEq)]
pub enum Tried {
    /// It was built and verified, now or before.
    Verdict(Verdict),
    /// This plan does not merge onto the plans before it.
    Conflict(PlanName, MergeTrouble),
    /// This plan cannot be merged at all.
    Impossible(PlanName, String),
    /// Something in a checkout of the target is in the way of what this plan brings.
    InTheWay(PlanName, String),
    /// Nothing can be landed on the target as it is.
    Refused(String),
    /// Somebody else has moved the target.
    Moved,
    /// It was ended early, so there is no result.
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
    /// It does not land now.
    Failed(PlanName, MergeTrouble),
    /// A batch passed that was red before.
    Flaky {
        /// The batch.
        batch: Batch,
        /// The output when it was red.
        why: String,
    },
    /// Somebody moved the target. The builds under way are built again.
    Rebuilt,
}
