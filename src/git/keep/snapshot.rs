//! A commit of everything in a worktree, made without touching the worktree: for backups.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::stage::stage_everything;
use crate::git::files::error::GitError;
use crate::git::program::command::Git;
use crate::git::repo::identity::committing;
use crate::git::state::inspect::inspect;
use crate::git::state::inspect::{git_dir, head_of};
use crate::plan::CommitId;

/// Commits the worktree's files as they are, including uncommitted and untracked files, without ignored files and
/// orch's own folder. The commit's parent is HEAD. The commit is on no branch, and neither index nor files nor branch
/// change. Returns HEAD when nothing is uncommitted.
///
/// Staged content that is neither in HEAD nor in the present files is kept too: then a commit of the index is the
/// second parent, as in `git stash`.
pub fn snapshot(path: &Path, message: &str) -> Result<CommitId, GitError> {
    if inspect(path)?.dirty.is_empty() {
        return head_of(path);
    }
    snapshot_with(path, &[], message)
}

/// Like [`snapshot`], but includes these ignored files, and makes a commit even when nothing differs from HEAD.
pub(in crate::git) fn snapshot_with(
    path: &Path,
    ignored: &[PathBuf],
    message: &str,
) -> Result<CommitId, GitError> {
    let head = head_of(path)?;
    let scratch = tempfile::tempdir_in(git_dir(path)?).map_err(GitError::io("create a folder in", path))?;
    let index = scratch.path().join("index");
    let with_index = |git: Git| git.env("GIT_INDEX_FILE", &index);
    if is_sparse(path) {
        // The index knows which files are left out on purpose. Without it they would look deleted.
        fs::copy(git_dir(path)?.join("index"), &index).map_err(GitError::io("copy the index of", path))?;
    }
    with_index(Git::within(path))
        .args(["read-tree", "--reset", head.as_str()])
        .run()?;
    stage_everything(|| with_index(Git::within(path)))?;
    if !ignored.is_empty() {
        let mut names = Vec::new();
        for file in ignored {
            names.extend_from_slice(file.as_os_str().as_bytes());
            names.push(0);
        }
        // `--stdin` takes names, not patterns.
        with_index(Git::within(path))
            .args(["update-index", "--add", "-z", "--stdin"])
            .input(names)
            .run()?;
    }
    let tree = with_index(Git::within(path)).arg("write-tree").run_for_id()?;
    let staged = staged_apart(path, &head, &tree)?;
    let settings = committing(|| Git::within(path))?;
    let commit = |tree: &CommitId, parents: &[&CommitId], message: &str| {
        let git = settings
            .apply(Git::within(path))
            .args(["commit-tree", tree.as_str()]);
        parents
            .iter()
            .fold(git, |git, parent| git.args(["-p", parent.as_str()]))
            .args(["-F", "-"])
            .input(format!("{message}\n"))
            .run_for_id()
    };
    match staged {
        None => commit(&tree, &[&head], message),
        Some(index_tree) => {
            let index = commit(&index_tree, &[&head], &format!("{message} (what was staged)"))?;
            commit(&tree, &[&head, &index], message)
        }
    }
}

/// True in a sparse checkout, and in a former sparse checkout.
fn is_sparse(path: &Path) -> bool {
    git_dir(path).is_ok_and(|admin_dir| admin_dir.join("info/sparse-checkout").exists())
}

/// The tree of the index, when it differs from both HEAD and the files. Also `None` for an index with conflicts, which
/// has no tree.
fn staged_apart(path: &Path, head: &CommitId, files: &CommitId) -> Result<Option<CommitId>, GitError> {
    let written = Git::within(path)
        .option("--no-optional-locks")
        .arg("write-tree")
        .answer()?;
    let Some(tree) = written
        .status
        .success()
        .then(|| crate::git::program::command::parse_id(&written.stdout))
        .flatten()
    else {
        return Ok(None);
    };
    let head_tree = Git::within(path)
        .args(["rev-parse", "--verify"])
        .arg(format!("{head}^{{tree}}"))
        .run_for_id()?;
    Ok((tree != head_tree && tree != *files).then_some(tree))
}
