//! Why a worktree is kept instead of removed.

use std::path::PathBuf;

use crate::git::admin::spec::on_branch;
use crate::git::files::error::GitError;
use crate::git::state::inspect::InProgress;
use crate::plan::CommitId;

/// Why a worktree is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeepReason {
    /// Orch did not make it.
    #[error("orch has no record of making `{key}`")]
    NotOurs {
        /// The key.
        key: String,
    },
    /// There are uncommitted changes.
    #[error("`{}` has {} uncommitted or untracked files", path.display(), files.len())]
    Dirty {
        /// The worktree.
        path: PathBuf,
        /// The files, relative to it.
        files: Vec<PathBuf>,
    },
    /// Files have changes that git was told not to look at.
    #[error(
        "`{}` has changes that git was told not to look at (`{}`, by --assume-unchanged or --skip-worktree)",
        path.display(),
        files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join("`, `")
    )]
    Hidden {
        /// The worktree.
        path: PathBuf,
        /// The files, relative to it.
        files: Vec<PathBuf>,
    },
    /// An operation was begun and not ended.
    #[error("`{}` is in the middle of a {operation}", path.display())]
    InProgress {
        /// The worktree.
        path: PathBuf,
        /// The operation.
        operation: InProgress,
    },
    /// The branch has commits that are not on the target.
    #[error("`{branch}` has commits that have not landed")]
    NotLanded {
        /// The branch, or the commit of a worktree without a branch.
        branch: String,
        /// The tip.
        tip: CommitId,
    },
    /// The worktree is not on its branch.
    #[error("`{}` is on {} instead of `{expected}`", path.display(), on_branch(found.as_deref()))]
    OtherHead {
        /// The worktree.
        path: PathBuf,
        /// The branch it should be on.
        expected: String,
        /// The branch it is on.
        found: Option<String>,
    },
    /// The branch is also checked out elsewhere.
    #[error("`{branch}` is checked out at `{}`", path.display())]
    CheckedOutElsewhere {
        /// The branch.
        branch: String,
        /// The checkout.
        path: PathBuf,
    },
    /// Somebody has locked the worktree with `git worktree lock`.
    #[error("`{}` is locked{}; `git worktree unlock` frees it", path.display(), with_reason(reason))]
    Locked {
        /// The worktree.
        path: PathBuf,
        /// The given reason; may be empty.
        reason: String,
    },
    /// A repository is among the ignored files, and its work may exist nowhere else.
    #[error(
        "`{}` holds repositories of its own among its ignored files: {}; move them away",
        path.display(),
        repositories.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", ")
    )]
    IgnoredRepositories {
        /// The worktree.
        path: PathBuf,
        /// Their folders, relative to it.
        repositories: Vec<PathBuf>,
    },
    /// A submodule has work that exists nowhere else.
    #[error("a submodule in `{}` has changes or commits that were not pushed", path.display())]
    Submodule {
        /// The worktree.
        path: PathBuf,
    },
}

fn with_reason(reason: &str) -> String {
    if reason.is_empty() {
        String::new()
    } else {
        format!(" ({reason})")
    }
}

/// Why a worktree is not removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// The worktree holds, or may hold, something that would be lost.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Keep(Vec<KeepReason>),
    /// A step failed.
    #[error(transparent)]
    Git(#[from] GitError),
}
