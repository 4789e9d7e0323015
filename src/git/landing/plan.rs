//! A move of the target, and what became of it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::plan::CommitId;

/// A move of a branch that was found possible. To be journaled before it is carried out, so that a landing that was interrupted
/// can be ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LandingPlan {
    /// The branch, without `refs/heads/`.
    pub branch: String,
    /// Where it stands; none when it does not exist yet.
    pub old: Option<CommitId>,
    /// Where it shall stand.
    pub new: CommitId,
    /// True when a checkout may have uncommitted changes in files that do not move: they stay as they are.
    #[serde(default)]
    pub beside: bool,
}

/// A landing that took place: the branch was read again and is at `commit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedLanding {
    /// Where the branch stands now.
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
    /// It was updated.
    FastForwarded,
    /// It shows it already.
    Current,
    /// It was changed by somebody in the same moment and left alone; the text says what hinders.
    Left(String),
}
