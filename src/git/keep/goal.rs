//! The goal of a checkout.

use crate::git::program::command::Git;
use crate::plan::CommitId;

/// The checkout to make.
#[derive(Debug, Clone, Copy)]
pub(in crate::git) enum HeadGoal<'a> {
    /// A branch.
    Branch(&'a str),
    /// A commit, on no branch.
    Detached(&'a CommitId),
}

impl HeadGoal<'_> {
    pub(in crate::git) fn name(self, git: Git) -> Git {
        match self {
            Self::Branch(branch) => git.arg(branch),
            Self::Detached(commit) => git.args(["--detach", commit.as_str()]),
        }
        .arg("--")
    }
}
