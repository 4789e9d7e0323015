//! Obstacles: to starting an agent, to a plan, to a merge.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::facts::ObstacleKind;
use crate::plan::{CommitId, ItemId, PlanName, UnitId, WorkRef};

/// Why an agent could not be started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LaunchTrouble {
    /// A dependency's commit conflicts with the plan's branch.
    Conflict {
        /// The plan whose commit does not merge.
        with: PlanName,
        /// The files.
        files: Vec<String>,
    },
    /// Nobody but a person can repair it: the command does not exist, the worktree is in a strange state.
    Refused {
        /// In words.
        why: String,
    },
    /// It may work another time.
    Failed {
        /// In words.
        why: String,
    },
    /// Its worktree is gone, and is to be made again.
    Lost {
        /// In words.
        why: String,
    },
}

impl LaunchTrouble {
    /// [`Self::Refused`] for an error.
    pub fn refused(error: impl fmt::Display) -> Self {
        let why = error.to_string();
        Self::Refused { why }
    }

    /// [`Self::Failed`] for an error.
    pub fn failed(error: impl fmt::Display) -> Self {
        let why = error.to_string();
        Self::Failed { why }
    }
}

/// Why a plan needs a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Hold {
    /// A dependency's commit does not merge into the plan's branch.
    Conflict {
        /// The other plan.
        with: PlanName,
        /// The files.
        files: Vec<String>,
    },
    /// Its verification failed after all retries.
    Verification {
        /// In words, with the end of the output.
        why: String,
    },
    /// Its agent stalled and was ended.
    Stuck {
        /// Since when what was still.
        why: String,
    },
    /// It lacks what only a person can give: a login, an answer, money.
    Needs {
        /// The missing thing.
        why: String,
        /// Advice.
        how: String,
        /// What sort of thing it lacks; none where an older journal does not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        obstacle: Option<ObstacleKind>,
    },
    /// Its agent asked a person.
    Asks {
        /// The question.
        question: String,
    },
    /// Something is in the way that `orch` must not touch.
    Refused {
        /// In words.
        why: String,
    },
    /// A landing took open work out of its document, unticked boxes there, or took back what the manifest demands of it.
    /// Who may do that is the lead.
    TakenAway {
        /// The plan that landed.
        by: PlanName,
        /// With what.
        commit: CommitId,
        /// Tasks and their parts.
        items: Vec<ItemId>,
        /// Keys of the manifest.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        keys: Vec<String>,
    },
    /// The journal was lost, and with it what people decided about the plan: pauses, cancellations.
    JournalLost {},
    /// A phase or task of it needs a person, and the rest has come to an end.
    Work {
        /// The phase or task.
        unit: UnitId,
        /// In words.
        why: String,
        /// Work that was built on it while it was open.
        built_on: Vec<BuiltOn>,
    },
}

impl Hold {
    /// The reason, in words.
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
            Self::Asks { question } => format!("asks {question:?}"),
            Self::JournalLost {} => {
                "the journal was lost, and with it what people decided about the plan".to_owned()
            }
        }
    }

    /// The reason, in words, when a landing changed a document or a manifest.
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
    /// It conflicts with the target. Held.
    Conflict {
        /// Landed plans that changed the same files; empty when none did.
        with: Vec<PlanName>,
        /// The files and the kind of conflict in each.
        files: Vec<String>,
        /// A failed try to resolve it, in words; none without a try.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tried: Option<String>,
        /// The commits that conflict.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sides: Option<Box<ConflictSides>>,
    },
    /// The merged tree does not pass. Held.
    Verification {
        /// In words, with the end of the output.
        why: String,
    },
    /// The target itself does not pass, so that nobody can be blamed. Held.
    TargetRed {
        /// In words, with the end of the output.
        why: String,
    },
    /// Refused before anything moved; the plan stays finished.
    Refused {
        /// The obstacle, and what to do.
        why: String,
    },
    /// Something is in a checkout of the target where the merge brings its own; refused before anything moved. A plan that lands
    /// on its own does so once that is gone.
    Obstacle {
        /// What, and what to do.
        why: String,
    },
    /// A plan it builds on has not landed; the plan stays finished.
    Waits {
        /// That plan.
        on: PlanName,
    },
    /// A person has to review it before it lands. Held.
    Review {
        /// The commit that would land.
        commit: CommitId,
    },
    /// It is not finished.
    NotFinished {
        /// Its state instead.
        why: String,
    },
}

/// Two commits that conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictSides {
    /// Where the target stood.
    pub onto: CommitId,
    /// Where the plan's branch stood.
    pub head: CommitId,
}

impl MergeTrouble {
    /// True for what holds a plan until a person does something about it.
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

    /// The commits that conflict, where they do and are known.
    pub fn sides(&self) -> Option<&ConflictSides> {
        match self {
            Self::Conflict { sides, .. } => sides.as_deref(),
            _ => None,
        }
    }
}

/// A conflict with the target, in words.
pub fn conflict_words(with: &[PlanName], files: &[String], tried: Option<&str>) -> String {
    let tried = tried.map(|tried| format!("; {tried}")).unwrap_or_default();
    format!(
        "conflicts with {} in {}{tried}",
        other_side(with),
        files.join(", ")
    )
}

/// How people name what a plan conflicts with: the landed plans that changed the same files, else the target.
pub fn other_side(with: &[PlanName]) -> String {
    if with.is_empty() {
        return "the target".to_owned();
    }
    with.iter().map(PlanName::as_str).collect::<Vec<_>>().join(", ")
}

/// Something that was begun, or done, on work whose check failed afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum BuiltOn {
    /// A phase or task of the same plan.
    Own(UnitId),
    /// One of another plan.
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
