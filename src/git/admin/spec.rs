//! The specification of a worktree, the ready worktree, and refusals.

use std::path::PathBuf;

use crate::git::files::error::GitError;
use crate::git::files::lock_holder::LockHolder;
use crate::plan::{CommitId, PlanName};

/// A worktree with a branch of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorktreeSpec {
    /// The name of orch's record about the worktree: the plan's name, or the plan's name and a lane. Valid as a file
    /// name.
    pub key: String,
    /// The folder to put the worktree in. Missing parent folders are created.
    pub path: PathBuf,
    /// Its branch, without `refs/heads/`.
    pub branch: String,
    /// Where the branch starts when it has to be created.
    pub base: CommitId,
}

/// A worktree in which an agent can be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorktreeReady {
    /// Its folder, without symbolic links.
    pub path: PathBuf,
    /// The commit checked out.
    pub head: CommitId,
    /// True when this call made the branch.
    pub created_branch: bool,
    /// True when this call made the worktree, or completed an interrupted one. Nobody has worked in the worktree yet,
    /// and it still has to be set up.
    pub created_worktree: bool,
    /// True when this call found every file of the commit there unchanged, and no other file.
    pub spotless: bool,
    /// Warnings: submodules, the repository's post-checkout hook.
    pub warnings: Vec<String>,
}

/// Why a worktree is not made. Nothing is touched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorktreeRefusal {
    /// The key is not a valid file name.
    #[error("`{key}` cannot name a worktree: expected letters, digits, `-`, `_`, `.` and `@`")]
    BadKey {
        /// The key.
        key: String,
    },
    /// Git does not accept the branch's name.
    #[error("`{branch}` is not a name git accepts for a branch: change `branch` in the manifest")]
    BadBranch {
        /// The name.
        branch: String,
    },
    /// The branch exists and orch did not make it.
    #[error(
        "the branch `{branch}` exists and orch did not make it: rename it (`git branch -m {branch} NEW`), delete it, \
         or set another `branch` in the manifest; after `.git/orch` was lost, `orch doctor` finds out whether it did"
    )]
    ForeignBranch {
        /// The branch.
        branch: String,
    },
    /// The branch's name is a folder in the name of another branch, or the other way round.
    #[error("the branch `{branch}` cannot exist beside `{existing}`: set another `branch` in the manifest")]
    BranchClash {
        /// The branch that is wanted.
        branch: String,
        /// The existing branch.
        existing: String,
    },
    /// The branch is checked out somewhere else.
    #[error("the branch `{branch}` is checked out at `{}`: switch that checkout to another branch", path.display())]
    CheckedOutElsewhere {
        /// The branch.
        branch: String,
        /// The checkout.
        path: PathBuf,
    },
    /// The worktree's folder is gone, and its branch is checked out in another linked worktree.
    #[error(
        "the worktree is gone from `{}`, and its branch `{branch}` is checked out at `{}`: if it was moved there, move it back \
         with `git worktree move {} {}`, else switch that checkout to another branch; then orch up",
        path.display(), found.display(), found.display(), path.display()
    )]
    MovedAway {
        /// Where it was made.
        path: PathBuf,
        /// Its branch.
        branch: String,
        /// The checkout.
        found: PathBuf,
    },
    /// Something that orch did not make is at the path.
    #[error(
        "`{}` exists and orch did not make it: move it away, or set another `worktrees` in the manifest",
        path.display()
    )]
    ForeignFolder {
        /// The path.
        path: PathBuf,
    },
    /// Git's worktree administration lists a worktree at the path. Its folder is gone, and orch did not make it.
    #[error(
        "git still has a worktree of somebody else's at `{}`: run `git worktree prune`, or set another `worktrees` in \
         the manifest",
        path.display()
    )]
    ForeignRegistration {
        /// The path.
        path: PathBuf,
    },
    /// Orch already made a worktree under this key, with another path or branch.
    #[error(
        "`{key}` has a worktree at `{}` on {}, and the manifest now asks for another: put the manifest's `worktrees` and \
         `branch` back, or remove the old one with `orch clean {key}`",
        path.display(),
        on_branch(branch.as_deref())
    )]
    MadeOtherwise {
        /// The key.
        key: String,
        /// The path it was made at.
        path: PathBuf,
        /// The branch it was made with.
        branch: Option<String>,
    },
    /// The worktree is not on its branch.
    #[error(
        "the worktree `{}` should be on the branch `{expected}` and is on {}: run `git switch {expected}` there",
        path.display(),
        on_branch(found.as_deref())
    )]
    OtherHead {
        /// The worktree.
        path: PathBuf,
        /// The branch it should be on.
        expected: String,
        /// The branch it is on; none for a detached HEAD.
        found: Option<String>,
    },
    /// The worktree exists and its branch is gone.
    #[error(
        "the branch `{branch}` of the worktree `{}` was deleted: bring it back with `git branch {branch} COMMIT` \
         (`git reflog` there shows the commits)",
        path.display()
    )]
    BranchGone {
        /// The worktree.
        path: PathBuf,
        /// The branch.
        branch: String,
    },
    /// A running git command holds a lock file.
    #[error(
        "a git command holds `{}`{}: wait until it has ended",
        lock.display(),
        held.as_ref().map(|held| format!(" ({held})")).unwrap_or_default()
    )]
    Busy {
        /// The lock file.
        lock: PathBuf,
        /// The likely holder at the last look.
        held: Option<LockHolder>,
    },
}

/// Why there is no worktree.
#[derive(Debug, thiserror::Error)]
pub enum EnsureError {
    /// The worktree is refused; a person has to decide.
    #[error(transparent)]
    Refused(#[from] WorktreeRefusal),
    /// A step failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

pub(in crate::git) fn on_branch(branch: Option<&str>) -> String {
    match branch {
        Some(branch) => format!("the branch `{branch}`"),
        None => "no branch (a detached HEAD)".to_owned(),
    }
}

/// True when a key is a valid file name on its own.
pub(in crate::git) fn is_key(key: &str) -> bool {
    !key.is_empty()
        && !key.starts_with('.')
        && key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'@'))
}

/// The owner of backups of the worktree under a key. A plan also owns the backups of its lanes.
pub(in crate::git) fn owner_of(key: &str) -> &str {
    match key.split_once('@') {
        // Lane 0 has the plan's own key. `NAME@0` and `NAME@0.1` belong to the merge queue.
        Some((plan, lane)) if !lane.starts_with('0') && plan.parse::<PlanName>().is_ok() => plan,
        _ => key,
    }
}
