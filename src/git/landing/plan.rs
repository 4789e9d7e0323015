//! A move of the target, and its result.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::plan::CommitId;

/// A possible move of a branch. The plan is journaled before the move, so that an interrupted landing can be completed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LandingPlan {
    /// The branch, without `refs/heads/`.
    pub branch: String,
    /// The branch's tip; `None` when the branch does not exist yet.
    pub old: Option<CommitId>,
    /// The branch's new tip.
    pub new: CommitId,
    /// True when a checkout may have uncommitted changes in files that do not move. These changes stay as they are.
    #[serde(default)]
    pub beside: bool,
}

/// A landing that took place: the branch was read back and is at `commit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedLanding {
    /// The branch's tip now.
    pub commit: CommitId,
    /// The checkouts of the branch, and whether each was updated.
    pub checkouts: Vec<RepairedCheckout>,
}

/// A checkout of a branch that has moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepairedCheckout {
    /// Its folder.
    pub path: PathBuf,
    /// The result.
    pub outcome: CheckoutOutcome,
}

/// Whether a checkout shows the commit that its branch is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckoutOutcome {
    /// The checkout was updated.
    FastForwarded,
    /// The checkout already showed the commit.
    Current,
    /// Somebody changed the checkout at the same moment, so it was left alone. The text names the obstacle.
    Left(String),
}
