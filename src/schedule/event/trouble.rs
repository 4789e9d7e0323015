//! Obstacles to starting an agent, to a plan and to a merge.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::why::because::Because;
use crate::plan::{CommitId, PlanName};

/// Why an agent could not be started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LaunchTrouble {
    /// A dependency's commit conflicts with the plan's branch.
    Conflict {
        /// The plan whose commit conflicts.
        with: PlanName,
        /// The files.
        files: Vec<String>,
    },
    /// Only a person can repair the problem: the command does not exist, or the worktree is in an unexpected state.
    Refused {
        /// In words.
        why: String,
    },
    /// The problem may go away by itself.
    Failed {
        /// In words.
        why: String,
    },
    /// The worktree is gone and must be created again.
    Lost {
        /// In words.
        why: String,
    },
}

impl LaunchTrouble {
    /// Creates [`Self::Refused`] from an error.
    pub fn refused(error: impl fmt::Display) -> Self {
        let why = error.to_string();
        Self::Refused { why }
    }

    /// Creates [`Self::Failed`] from an error.
    pub fn failed(error: impl fmt::Display) -> Self {
        let why = error.to_string();
        Self::Failed { why }
    }
}

/// Why a plan was not landed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MergeTrouble {
    /// The plan conflicts with the target. Held.
    Conflict {
        /// Landed plans that changed the same files. Empty when there are none.
        with: Vec<PlanName>,
        /// The files and the kind of conflict in each.
        files: Vec<String>,
        /// A failed attempt to resolve the conflict, or `None` without an attempt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tried: Option<Box<Because>>,
        /// The conflicting commits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sides: Option<Box<ConflictSides>>,
    },
    /// The merged tree does not pass. Held.
    Verification {
        /// In words, with the end of the output.
        why: String,
    },
    /// The target itself does not pass, so no plan can be blamed. Held.
    TargetRed {
        /// In words, with the end of the output.
        why: String,
    },
    /// Refused before anything moved. The plan stays finished.
    Refused {
        /// The obstacle, and what to do.
        why: Because,
    },
    /// Files in a checkout of the target are in the way of the merge. Refused before anything moved. A plan with automatic
    /// landing lands once the files are gone.
    Obstacle {
        /// The files, and what to do.
        why: String,
    },
    /// A plan it builds on has not landed. The plan stays finished.
    Waits {
        /// The plan that has not landed.
        on: PlanName,
    },
    /// A person must review the plan before it lands. Held.
    Review {
        /// The commit that would land.
        commit: CommitId,
    },
    /// The plan is not finished.
    NotFinished {
        /// The plan's actual state.
        why: Because,
    },
}

/// Two conflicting commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictSides {
    /// The target's tip.
    pub onto: CommitId,
    /// The tip of the plan's branch.
    pub head: CommitId,
}

impl MergeTrouble {
    /// Returns true when the plan is held until a person acts.
    pub fn holds(&self) -> bool {
        match self {
            Self::Conflict { .. }
            | Self::Verification { .. }
            | Self::TargetRed { .. }
            | Self::Review { .. } => true,
            Self::Refused { .. } | Self::Obstacle { .. } | Self::Waits { .. } | Self::NotFinished { .. } => {
                false
            }
        }
    }

    /// Returns the conflicting commits, if there is a conflict and they are known.
    pub fn sides(&self) -> Option<&ConflictSides> {
        match self {
            Self::Conflict { sides, .. } => sides.as_deref(),
            _ => None,
        }
    }
}

/// Names the other side of a conflict: the landed plans that changed the same files, else the target.
pub fn other_side(with: &[PlanName]) -> String {
    if with.is_empty() {
        return "the target".to_owned();
    }
    with.iter().map(PlanName::as_str).collect::<Vec<_>>().join(", ")
}
