//! Why the target does not move.

use std::path::PathBuf;

use crate::git::files::error::GitError;
use crate::plan::CommitId;

/// Why a branch does not move. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum LandRefusal {
    /// The target is not a local branch.
    #[error("`{target}` is {what}, not a local branch: name a branch as the target")]
    NotABranch {
        /// The name.
        target: String,
        /// What the target is instead.
        what: &'static str,
    },
    /// The branch is not where it was.
    #[error("the branch `{branch}` has moved: expected {}, found {}", shown(expected.as_ref()), shown(found.as_ref()))]
    Moved {
        /// The branch.
        branch: String,
        /// The commit that the branch was expected at.
        expected: Option<CommitId>,
        /// The commit that the branch is at.
        found: Option<CommitId>,
    },
    /// The new commit does not contain the old one.
    #[error("`{new}` does not contain what is on `{branch}`: moving there would lose commits")]
    NotAFastForward {
        /// The branch.
        branch: String,
        /// The new commit.
        new: CommitId,
    },
    /// A checkout of the branch has uncommitted changes.
    #[error(
        "`{}` has the target checked out with uncommitted changes ({}): commit or stash them, then try again",
        path.display(),
        first_few(files)
    )]
    Dirty {
        /// The checkout.
        path: PathBuf,
        /// The files.
        files: Vec<PathBuf>,
    },
    /// A checkout of the branch has uncommitted changes in files that the move also changes.
    #[error(
        "`{}` has the target checked out with uncommitted changes in files that would be replaced ({}): commit or stash them, \
         then try again",
        path.display(),
        first_few(files)
    )]
    Overlap {
        /// The checkout.
        path: PathBuf,
        /// The files.
        files: Vec<PathBuf>,
    },
    /// A checkout of the branch has untracked files where the move adds files.
    #[error(
        "`{}` has untracked files where the merge brings its own ({}): move them away, then try again",
        path.display(),
        first_few(files)
    )]
    InTheWay {
        /// The checkout.
        path: PathBuf,
        /// The files.
        files: Vec<PathBuf>,
    },
    /// A checkout cannot be updated for another reason, which git gave.
    #[error("the checkout `{}` cannot be updated: {why}", path.display())]
    Blocked {
        /// The checkout.
        path: PathBuf,
        /// Git's message.
        why: String,
    },
    /// A git command keeps the index of a checkout locked.
    #[error(
        "`{}` has the target checked out, and a git command there keeps its index locked (`{}`): end that command, or remove \
         the file if there is none, then try again",
        path.display(),
        lock.display()
    )]
    Locked {
        /// The checkout.
        path: PathBuf,
        /// The lock file.
        lock: PathBuf,
    },
    /// A step failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl LandRefusal {
    /// True when the obstacle is in a checkout, where a person can commit it or remove it.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Dirty { .. }
            | Self::Overlap { .. }
            | Self::InTheWay { .. }
            | Self::Blocked { .. }
            | Self::Locked { .. } => true,
            Self::NotABranch { .. } | Self::Moved { .. } | Self::NotAFastForward { .. } | Self::Git(_) => {
                false
            }
        }
    }
}

fn shown(commit: Option<&CommitId>) -> &str {
    commit.map_or("no such branch", CommitId::short)
}

fn first_few(files: &[PathBuf]) -> String {
    let mut shown: Vec<String> = files
        .iter()
        .take(3)
        .map(|file| format!("`{}`", file.display()))
        .collect();
    if files.len() > 3 {
        shown.push(format!("{} more", files.len() - 3));
    }
    shown.join(", ")
}
