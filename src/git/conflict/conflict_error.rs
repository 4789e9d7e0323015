//! Why a conflict is not checked out, accepted as resolved, or abandoned.

use std::path::PathBuf;

use crate::git::admin::spec::EnsureError;
use crate::git::files::error::GitError;
use crate::git::state::inspect::InProgress;
use crate::git::worktree::keep_reason::RemoveError;
use crate::plan::PlanName;

/// See the module. No ref has moved.
#[derive(Debug, thiserror::Error)]
pub enum ConflictError {
    /// The conflict has no worktree.
    #[error("the conflict of {plan} is not checked out anywhere")]
    NotOpen {
        /// The plan.
        plan: PlanName,
    },
    /// Some files are still unmerged.
    #[error(
        "`{}` has unmerged files: {}{}; edit them, then `git add` them there",
        path.display(),
        listed(files),
        marked(places)
    )]
    Unmerged {
        /// The worktree.
        path: PathBuf,
        /// The files, relative to it.
        files: Vec<PathBuf>,
        /// Where conflict markers are left, as `FILE:LINE`.
        places: Vec<String>,
    },
    /// The added files still contain conflict markers.
    #[error(
        "`{}` has conflict markers left: {}; edit these lines, then `git add` the files there",
        path.display(),
        places.join(", ")
    )]
    Markers {
        /// The worktree.
        path: PathBuf,
        /// As `FILE:LINE`.
        places: Vec<String>,
    },
    /// Some changes were not added to the index.
    #[error("`{}` has changes that are not in the index: {}; `git add` or `git restore` them there", path.display(), listed(files))]
    Unstaged {
        /// The worktree.
        path: PathBuf,
        /// The files, relative to it.
        files: Vec<PathBuf>,
    },
    /// The merge was abandoned in the worktree.
    #[error("what is checked out in `{}` no longer has both sides of the conflict", path.display())]
    GivenUp {
        /// The worktree.
        path: PathBuf,
    },
    /// Another operation was begun in the worktree and not ended.
    #[error("`{}` is in the middle of a {operation}: end it, then try again", path.display())]
    InProgress {
        /// The worktree.
        path: PathBuf,
        /// The operation.
        operation: InProgress,
    },
    /// The worktree cannot be made.
    #[error(transparent)]
    Ensure(#[from] EnsureError),
    /// The worktree cannot be removed.
    #[error(transparent)]
    Remove(#[from] RemoveError),
    /// A step failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

fn listed(files: &[PathBuf]) -> String {
    let names = files.iter().map(|file| file.display().to_string());
    names.collect::<Vec<_>>().join(", ")
}

fn marked(places: &[String]) -> String {
    if places.is_empty() {
        return String::new();
    }
    format!(" (markers at {})", places.join(", "))
}
