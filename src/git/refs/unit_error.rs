//! Why a unit of work is not entered, merged, left or deleted.

use std::path::PathBuf;

use crate::git::admin::spec::on_branch;
use crate::git::admin::spec::{EnsureError, WorktreeRefusal};
use crate::git::files::error::GitError;
use crate::git::lock::land_refusal::LandRefusal;
use crate::git::state::inspect::InProgress;
use crate::plan::CommitId;

/// Why a step with a unit is refused. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum UnitRefusal {
    /// The worktree was not made by orch.
    #[error("orch has no record of making the worktree `{key}`: make it first")]
    NotOurs {
        /// The key.
        key: String,
    },
    /// The name cannot be the name of a unit's branch.
    #[error("`{branch}` cannot be the branch of a unit: change `branch` in the manifest")]
    BadBranch {
        /// The name.
        branch: String,
    },
    /// The branch exists and orch did not make it.
    #[error(
        "the branch `{branch}` exists and orch did not make it: rename it (`git branch -m {branch} NEW`), or delete it"
    )]
    ForeignBranch {
        /// The branch.
        branch: String,
    },
    /// The branch does not exist.
    #[error(
        "there is no branch `{branch}`: bring it back with `git branch {branch} COMMIT` (`git reflog` in its worktree \
         shows the commits)"
    )]
    NoBranch {
        /// The branch.
        branch: String,
    },
    /// The branch is checked out in another worktree.
    #[error("the branch `{branch}` is checked out at `{}`: switch that checkout to another branch", path.display())]
    CheckedOutElsewhere {
        /// The branch.
        branch: String,
        /// The checkout.
        path: PathBuf,
    },
    /// An operation was begun and not ended.
    #[error(
        "`{}` is in the middle of a {operation}: end it or give it up (`{}`), then try again",
        path.display(),
        operation.end()
    )]
    InProgress {
        /// The worktree.
        path: PathBuf,
        /// The operation.
        operation: InProgress,
    },
    /// There are uncommitted changes.
    #[error("`{}` has uncommitted changes ({} files): commit them, then try again", path.display(), files.len())]
    Dirty {
        /// The worktree.
        path: PathBuf,
        /// The files, relative to it.
        files: Vec<PathBuf>,
    },
    /// The untracked files include whole repositories. No commit can hold their files.
    #[error(
        "`{}` holds repositories of its own that git cannot commit as files: {}; move them away, or add them to \
         `.gitignore`",
        path.display(),
        nested.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", ")
    )]
    NestedRepositories {
        /// The worktree.
        path: PathBuf,
        /// Their folders, relative to the worktree.
        nested: Vec<PathBuf>,
    },
    /// A submodule has work that exists nowhere else. No commit of the worktree can hold that work.
    #[error(
        "a submodule in `{}` has changes or commits that were not pushed: commit and push them there, or put it back \
         with `git submodule update --force`",
        path.display()
    )]
    Submodule {
        /// The worktree.
        path: PathBuf,
    },
    /// Ignored files are in the way of files of the commit.
    #[error(
        "`{}` has ignored files where the branch has its own: {}; move them away, then try again",
        path.display(),
        files.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", ")
    )]
    InTheWay {
        /// The worktree.
        path: PathBuf,
        /// The files, relative to it.
        files: Vec<PathBuf>,
    },
    /// A detached HEAD has commits that are on neither the unit's nor the plan's branch.
    #[error(
        "`{}` is on {} with commits that are not on `{plan_branch}`: keep them with `git branch NAME` there, then \
         try again",
        path.display(),
        on_branch(None)
    )]
    Loose {
        /// The worktree.
        path: PathBuf,
        /// The checked-out commit.
        head: CommitId,
        /// The plan's branch.
        plan_branch: String,
    },
    /// The worktree cannot be used, for example because a running git command holds its index.
    #[error(transparent)]
    Worktree(WorktreeRefusal),
    /// The unit's branch has commits of its own.
    #[error("`{branch}` has commits that are not on `{into}`: merge them first")]
    NotMerged {
        /// The unit's branch.
        branch: String,
        /// The plan's branch.
        into: String,
    },
}

/// Why a step with a unit was not done.
#[derive(Debug, thiserror::Error)]
pub enum UnitError {
    /// The step is refused; nothing was changed.
    #[error(transparent)]
    Refused(#[from] UnitRefusal),
    /// The plan's branch, or a checkout of it, cannot move; nothing was changed.
    #[error(transparent)]
    Land(LandRefusal),
    /// The plan's branch has moved, and a checkout of it could not follow. Trying again repairs the checkout once the
    /// obstacle is gone.
    #[error("`{branch}` has moved and its checkout `{}` could not follow: {why}", path.display())]
    LeftBehind {
        /// The plan's branch.
        branch: String,
        /// The checkout.
        path: PathBuf,
        /// The obstacle.
        why: String,
    },
    /// A step failed. Another try continues from there.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl From<EnsureError> for UnitError {
    fn from(error: EnsureError) -> Self {
        match error {
            EnsureError::Git(error) => Self::Git(error),
            EnsureError::Refused(refusal) => UnitRefusal::Worktree(refusal).into(),
        }
    }
}

impl From<LandRefusal> for UnitError {
    fn from(refusal: LandRefusal) -> Self {
        match refusal {
            LandRefusal::Git(error) => Self::Git(error),
            refusal => Self::Land(refusal),
        }
    }
}
