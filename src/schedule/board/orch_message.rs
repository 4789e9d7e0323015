//! Messages to agents that `orch` itself writes.

use crate::plan::{AttemptId, PlanName};
use crate::schedule::event::notice::Ages;

/// What a message to the agents of a plan is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrchMessage {
    /// An attempt of the plan looks stuck.
    Stuck {
        /// The attempt.
        attempt: AttemptId,
        /// How long ago each sign of life was seen.
        ages: Ages,
    },
    /// The plan's branch conflicts with the branch of another plan.
    ClashWithPlan {
        /// The other plan.
        plan: PlanName,
        /// The files, each with the kind of conflict.
        files: Vec<String>,
    },
    /// The plan's branch conflicts with the target.
    ClashWithTarget {
        /// The target's branch.
        target: String,
        /// The files, each with the kind of conflict.
        files: Vec<String>,
    },
    /// The plan's branch passes, and so do the branches of other plans, but not merged together.
    RedUnion {
        /// The target, if known.
        target: Option<String>,
        /// The other plans.
        with: Vec<PlanName>,
        /// The output of the verification.
        why: String,
    },
}

/// The words for a message. The shell has them.
pub type Wording = fn(&OrchMessage) -> String;
