//! By what a branch is known to be on the target.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plan::CommitId;

/// One kind of evidence that a target has all of a branch, strongest first. None of them is a guess: each is a fact about
/// the two commits that were compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum LandedBy {
    /// The branch's tip is in the target's history: it was merged.
    Ancestry,
    /// A commit on the target, made since the two parted, holds the very files of the branch's tip.
    EqualTree {
        /// That commit.
        commit: CommitId,
    },
    /// Each commit of the branch has one on the target that makes the same change: it was rebased or picked.
    SamePatches {
        /// How many commits.
        commits: usize,
    },
    /// One commit on the target makes the change of the whole branch: it was squashed.
    Squash {
        /// That commit.
        commit: CommitId,
    },
    /// Merging the branch into the target would change nothing.
    NothingLeft,
    /// It was landed by `orch`, as its branch stood then.
    Recorded {
        /// The commit on the target with which it landed.
        commit: CommitId,
    },
}

impl fmt::Display for LandedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ancestry => f.write_str("its commits are in the target's history"),
            Self::EqualTree { commit } => {
                write!(f, "{} on the target has the same files", commit.short())
            }
            Self::SamePatches { commits: 1 } => f.write_str("a commit on the target makes the same change"),
            Self::SamePatches { commits } => {
                write!(f, "{commits} commits on the target make the same changes")
            }
            Self::Squash { commit } => {
                write!(
                    f,
                    "{} on the target makes the change of the whole branch",
                    commit.short()
                )
            }
            Self::Recorded { commit } => {
                write!(f, "it was landed by {}, as its branch stands", commit.short())
            }
            Self::NothingLeft => f.write_str("merging it into the target would change nothing"),
        }
    }
}
