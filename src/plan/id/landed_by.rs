//! Evidence that a branch is on the target.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plan::CommitId;

/// One kind of evidence that a target has all of a branch, strongest first. No kind is a guess: each is a fact about the two
/// commits that were compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum LandedBy {
    /// The branch's tip is in the target's history: the branch was merged.
    Ancestry,
    /// A commit on the target has the same files as the branch's tip, and was made after the branch and the target parted.
    EqualTree {
        /// That commit.
        commit: CommitId,
    },
    /// For each commit of the branch, a commit on the target makes the same change: the branch was rebased or cherry-picked.
    SamePatches {
        /// How many commits.
        commits: usize,
    },
    /// One commit on the target makes the change of the whole branch: the branch was squashed.
    Squash {
        /// That commit.
        commit: CommitId,
    },
    /// Merging the branch into the target would change nothing.
    NothingLeft,
    /// `orch` landed the branch, and the branch has no commits beyond that landing.
    Recorded {
        /// The commit on the target that landed the branch.
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
