//! Obstacles to starting an agent, to a plan and to a merge.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::facts::ObstacleKind;
use crate::plan::{CommitId, ItemId, PlanName, UnitId, WorkRef, one_line};

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

/// Why a plan needs a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Hold {
    /// A dependency's commit conflicts with the plan's branch.
    Conflict {
        /// The other plan.
        with: PlanName,
        /// The files.
        files: Vec<String>,
    },
    /// The plan's verification failed after all retries.
    Verification {
        /// In words, with the end of the output.
        why: String,
    },
    /// The plan's agent stalled and was stopped.
    Stuck {
        /// Which signs of life were missing, and for how long.
        why: String,
    },
    /// The plan lacks something only a person can provide: a login, an answer, money.
    Needs {
        /// The missing thing.
        why: String,
        /// Advice.
        how: String,
        /// The kind of obstacle, or `None` in older journals.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        obstacle: Option<ObstacleKind>,
    },
    /// The plan's agent asked a person.
    Asks {
        /// The question.
        question: String,
    },
    /// An obstacle is in the way that `orch` must not touch.
    Refused {
        /// In words.
        why: String,
    },
    /// A landing removed open work from the plan's document, unticked boxes there, or withdrew requirements that the
    /// manifest has for the plan. Only the lead may do that.
    TakenAway {
        /// The plan that landed.
        by: PlanName,
        /// The landed commit.
        commit: CommitId,
        /// Tasks and their parts.
        items: Vec<ItemId>,
        /// Keys of the manifest.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        keys: Vec<String>,
    },
    /// The journal was lost, including people's decisions about the plan: pauses and cancellations.
    JournalLost {},
    /// A phase or task of the plan needs a person, and all other work has ended.
    Work {
        /// The phase or task.
        unit: UnitId,
        /// In words.
        why: String,
        /// Work that was built on the phase or task before its check failed.
        built_on: Vec<BuiltOn>,
    },
}

impl Hold {
    /// Returns the reason in words.
    pub fn why(&self) -> String {
        match self {
            Self::Conflict { with, files } => format!("conflicts with {with} in {}", files.join(", ")),
            Self::Verification { why }
            | Self::Stuck { why }
            | Self::Needs { why, .. }
            | Self::Refused { why }
            | Self::Work { why, .. } => why.clone(),
            Self::TakenAway {
                by,
                commit,
                items,
                keys,
            } => Self::taken_away(by, commit, items, keys),
            Self::Asks { question } => format!("asks \"{}\"", one_line(question)),
            Self::JournalLost {} => {
                "the journal was lost, and with it what people decided about the plan".to_owned()
            }
        }
    }

    /// Returns the reason in words, for a landing that changed a document or a manifest.
    fn taken_away(by: &PlanName, commit: &CommitId, items: &[ItemId], keys: &[String]) -> String {
        let items: Vec<String> = items.iter().map(ItemId::to_string).collect();
        let mut did = Vec::new();
        if !items.is_empty() {
            did.push(format!(
                "took {} out of its document or unticked it",
                items.join(", ")
            ));
        }
        if !keys.is_empty() {
            did.push(format!("removed or replaced {} in the manifest", keys.join(", ")));
        }
        format!("the landing of {by} ({}) {}", commit.short(), did.join(" and "))
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
        /// A failed attempt to resolve the conflict, in words, or `None` without an attempt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tried: Option<String>,
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
        why: String,
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
        why: String,
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

/// Work that was started or done on top of work whose check failed afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum BuiltOn {
    /// A phase or task of the same plan.
    Own(UnitId),
    /// A point of another plan.
    Other(WorkRef),
}

impl fmt::Display for BuiltOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(unit) => unit.fmt(f),
            Self::Other(work) => work.fmt(f),
        }
    }
}
