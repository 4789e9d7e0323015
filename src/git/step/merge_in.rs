//! Merging pinned work of one plan into the worktree of another, between attempts.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::thread;

use super::cut_step::undo_cut_step;
use super::half_way::undo_half_merge;
use super::submodule::follow_submodules;
use crate::git::files::error::GitError;
use crate::git::keep::gate::SparedTree;
use crate::git::keep::step;
use crate::git::keep::step::StepRecord;
use crate::git::program::command::{Git, records};
use crate::git::repo::identity::committing_within;
use crate::git::repo::ids::{commit_id, oid};
use crate::git::state::in_the_way::covered;
use crate::git::state::inspect::{InProgress, inspect};
use crate::plan::CommitId;

/// The result of merging a commit in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MergedIn {
    /// The commit was already there.
    UpToDate,
    /// The worktree had no commits of its own, and was fast-forwarded to this commit.
    FastForward(CommitId),
    /// The commit was merged, in this commit.
    Merged(CommitId),
    /// The merge conflicts. The worktree is unchanged.
    Conflict {
        /// The files in conflict, relative to the worktree, sorted.
        files: Vec<PathBuf>,
    },
}

/// Why nothing was merged in. The worktree is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum MergeInError {
    /// There are uncommitted changes.
    #[error("`{}` has uncommitted changes ({} files): commit them, then try again", path.display(), files.len())]
    Dirty {
        /// The worktree.
        path: PathBuf,
        /// The files, relative to it.
        files: Vec<PathBuf>,
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
    /// Ignored files are in the way of files of the commit. Git would replace them silently.
    #[error(
        "`{}` has ignored files where the commit to be merged has its own: {}; move them away, then try again",
        path.display(),
        files.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", ")
    )]
    InTheWay {
        /// The worktree.
        path: PathBuf,
        /// The files, relative to it.
        files: Vec<PathBuf>,
    },
    /// A step failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// Merges a commit into a clean worktree, through git itself. A merge that conflicts is undone completely.
pub fn merge_in(path: &Path, commit: &CommitId, message: &str) -> Result<MergedIn, MergeInError> {
    undo_cut_step(path)?;
    let before = crate::git::state::inspect::head_of(path)?;
    let base = common_ancestor(path, &before, commit)?;
    if base.as_ref() == Some(commit) {
        return Ok(MergedIn::UpToDate);
    }
    let fast_forward = base.as_ref() == Some(&before);
    // Dependent plans wait for this merge, so both looks are taken in parallel.
    let (state, git) = thread::scope(|scope| {
        let looking = scope.spawn(|| inspect(path));
        let git = if fast_forward {
            Ok(Git::within(path))
        } else {
            committing_within(path)
        };
        (looking.join().expect("inspect does not panic"), git)
    });
    let (mut state, git) = (state?, git?);
    if !state.dirty.is_empty() && state.in_progress.is_none() {
        // The changes may be leftovers of a killed git command of this very merge.
        undo_half_merge(path, &before, commit, fast_forward)?;
        state = inspect(path)?;
    }
    let path_owned = || path.to_owned();
    if let Some(operation) = state.in_progress {
        return Err(MergeInError::InProgress {
            path: path_owned(),
            operation,
        });
    }
    let Some(spared) = SparedTree::clean(path, &state) else {
        return Err(MergeInError::Dirty {
            path: path_owned(),
            files: state.dirty,
        });
    };
    let files = covered(path, &before, commit)?;
    if !files.is_empty() {
        let path = path_owned();
        return Err(MergeInError::InTheWay { path, files });
    }
    let (from, to) = (before, commit.clone());
    step::begin(path, &StepRecord::Merge { from, to })?;
    // These options override settings of the person that would change the merge. `--no-verify` for the reason given at
    // `commit_leftovers`: this is upkeep between attempts.
    let answer = git
        .args([
            "merge",
            "--quiet",
            "--ff",
            "--commit",
            "--no-squash",
            "--no-verify",
            "--no-edit",
            "--no-autostash",
        ])
        .arg("-m")
        .arg(message)
        .arg(commit.as_str())
        .answer()?;
    if answer.status.success() {
        // The next step that needs the submodules meets a failure again.
        follow_submodules(path)?;
        step::end(path)?;
        let after = crate::git::state::inspect::head_of(path)?;
        return Ok(if fast_forward {
            MergedIn::FastForward(after)
        } else {
            MergedIn::Merged(after)
        });
    }
    if answer.status.code().is_none() {
        // Git was killed. Its leftover changes are undone before the worktree is next inspected.
        return Err(answer.failure().into());
    }
    let files = unmerged(path)?;
    let under_way =
        crate::git::state::inspect::in_progress(&crate::git::state::inspect::git_dir(path)?).is_some();
    if under_way {
        spared.abort_merge()?;
    }
    if files.is_empty() {
        return Err(answer.failure().into());
    }
    step::end(path)?;
    Ok(MergedIn::Conflict { files })
}

fn common_ancestor(path: &Path, one: &CommitId, other: &CommitId) -> Result<Option<CommitId>, GitError> {
    let repo = git2::Repository::open(path).map_err(GitError::library(format!(
        "open the worktree `{}`",
        path.display()
    )))?;
    match repo.merge_base(oid(one)?, oid(other)?) {
        Ok(base) => Ok(Some(commit_id(base))),
        Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
        Err(source) => Err(GitError::library(format!("compare `{one}` with `{other}`"))(
            source,
        )),
    }
}

/// The files that a merge has left in conflict, sorted.
fn unmerged(path: &Path) -> Result<Vec<PathBuf>, GitError> {
    let out = Git::within(path)
        .args(["ls-files", "--unmerged", "--full-name", "-z"])
        .run()?;
    let mut files: Vec<PathBuf> = records(&out)
        .filter_map(|record| record.splitn(2, |b| *b == b'\t').nth(1))
        .map(|file| PathBuf::from(OsStr::from_bytes(file)))
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}
