//! Committing the changes that an agent left uncommitted.

use std::path::{Path, PathBuf};

use super::cut_step::undo_cut_step;
use super::submodule::stale_submodules;
use crate::git::admin::spec::on_branch;
use crate::git::files::error::GitError;
use crate::git::keep::stage::stage_everything;
use crate::git::program::command::Git;
use crate::git::repo::identity::committing_within;
use crate::git::state::hidden::{hidden_changes, may_hide};
use crate::git::state::inspect::{InProgress, head_of, inspect};
use crate::plan::CommitId;

/// Why leftovers are not committed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum LeftoverError {
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
    /// The worktree is not on its branch.
    #[error(
        "`{}` should be on the branch `{expected}` and is on {}: switch it back with its changes, then try again",
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
    /// The untracked files include whole repositories. Git would record only their commits, not their files.
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
    /// The commit differs from the staged changes: a hook has changed or undone it.
    #[error(
        "a hook of the repository changed what orch committed in `{}`: {found} is checked out, without all that was left uncommitted",
        path.display()
    )]
    Changed {
        /// The worktree.
        path: PathBuf,
        /// The checked-out commit.
        found: CommitId,
    },
    /// A step failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// Commits everything uncommitted in a worktree except orch's own folder, with trailers at the end of the message.
/// Returns `None` when there is nothing to commit. The worktree must be on `branch`.
pub fn commit_leftovers(
    path: &Path,
    branch: &str,
    message: &str,
    trailers: &[(&str, &str)],
) -> Result<Option<CommitId>, LeftoverError> {
    undo_cut_step(path)?;
    let state = inspect(path)?;
    if let Some(operation) = state.in_progress {
        let path = path.to_owned();
        return Err(LeftoverError::InProgress { path, operation });
    }
    if state.branch.as_deref() != Some(branch) {
        return Err(LeftoverError::OtherHead {
            path: path.to_owned(),
            expected: branch.to_owned(),
            found: state.branch,
        });
    }
    if state.dirty.is_empty() {
        return Ok(None);
    }
    let nested: Vec<PathBuf> = state
        .dirty
        .iter()
        .filter(|path| path.as_os_str().as_encoded_bytes().ends_with(b"/"))
        .cloned()
        .collect();
    if !nested.is_empty() {
        let path = path.to_owned();
        return Err(LeftoverError::NestedRepositories { path, nested });
    }
    let stale = stale_submodules(path)?;
    stage_everything(|| Git::within(path))?;
    if !stale.is_empty() {
        let reset = Git::within(path).args(["reset", "--quiet", "HEAD", "--"]);
        reset.args(&stale).run()?;
    }
    let unchanged = Git::within(path)
        .args(["diff", "--cached", "--quiet", "HEAD"])
        .answer()?;
    match unchanged.status.code() {
        // No content has changed: a filter evens out the line endings, or only the inside of a submodule differs.
        Some(0) => return Ok(None),
        Some(1) => {}
        _ => return Err(unchanged.failure().into()),
    }
    // `--no-verify`: the hooks judge work that people mean to publish. This commit keeps an attempt's leftovers from
    // being lost, whatever their state; the plan's `verify` judges them.
    let staged = Git::within(path).arg("write-tree").run_for_id()?;
    let commit = committing_within(path)?.args(["commit", "--quiet", "--no-verify", "--file=-"]);
    let commit = trailers.iter().fold(commit, |commit, (name, value)| {
        commit.arg(format!("--trailer={name}: {value}"))
    });
    commit.input(message).run()?;
    let found = head_of(path)?;
    let tree = Git::within(path)
        .args(["rev-parse", "HEAD^{tree}"])
        .run_for_id()?;
    if tree != staged {
        let path = path.to_owned();
        return Err(LeftoverError::Changed { path, found });
    }
    Ok(Some(found))
}

/// Makes git check again the changed files that it was told to overlook (`--assume-unchanged`, `--skip-worktree`).
/// Returns these files, relative to the worktree.
///
/// # Errors
///
/// When the index cannot be read or written.
pub fn uncover(path: &Path) -> Result<Vec<PathBuf>, GitError> {
    if !may_hide(path)? {
        return Ok(Vec::new());
    }
    let hidden = hidden_changes(path)?;
    // One call clears only one flag.
    for flag in ["--no-assume-unchanged", "--no-skip-worktree"] {
        if !hidden.is_empty() {
            Git::within(path)
                .args(["update-index", flag, "--"])
                .args(&hidden)
                .run()?;
        }
    }
    Ok(hidden)
}
