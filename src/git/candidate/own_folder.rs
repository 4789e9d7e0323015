//! Orch's own folder in commits. The folder belongs to one worktree: in another worktree its reports would be about
//! other work. So orch removes the folder from commits that are merged in or land.

use std::path::{Path, PathBuf};

use super::builder::CandidateBuilder;
use crate::failpoint;
use crate::git::files::error::GitError;
use crate::git::files::names::ORCH_DIR;
use crate::git::program::command::Git;
use crate::git::repo::ids::{branch_ref, oid};
use crate::git::repo::repository::Repository;
use crate::plan::CommitId;

/// The files of orch's own folder in a commit, sorted.
///
/// # Errors
///
/// When the commit cannot be read.
pub fn orch_files_in(repo: &Repository, commit: &CommitId) -> Result<Vec<PathBuf>, GitError> {
    let cannot = || GitError::library(format!("read the files of `{commit}`"));
    let handle = repo.handle();
    let tree = handle.find_commit(oid(commit)?).and_then(|found| found.tree());
    let tree = tree.map_err(cannot())?;
    let Some(entry) = tree.get_name(ORCH_DIR) else {
        return Ok(Vec::new());
    };
    let Some(folder) = entry
        .to_object(&handle)
        .ok()
        .and_then(|found| found.into_tree().ok())
    else {
        return Ok(vec![PathBuf::from(ORCH_DIR)]);
    };
    let mut files = Vec::new();
    let walked = folder.walk(git2::TreeWalkMode::PreOrder, |inside, entry| {
        if entry.kind() != Some(git2::ObjectType::Tree) {
            let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
            files.push(Path::new(ORCH_DIR).join(inside).join(name));
        }
        git2::TreeWalkResult::Ok
    });
    walked.map_err(cannot())?;
    files.sort();
    Ok(files)
}

/// The tree of a commit without orch's own folder.
fn tree_without_orch_dir(repo: &Repository, commit: &CommitId) -> Result<String, GitError> {
    let handle = repo.handle();
    let write = || {
        let tree = handle.find_commit(oid(commit)?).and_then(|found| found.tree());
        let write = tree.and_then(|tree| {
            let mut builder = handle.treebuilder(Some(&tree))?;
            builder.remove(ORCH_DIR)?;
            builder.write()
        });
        write.map_err(GitError::library(format!("take `{ORCH_DIR}/` out of `{commit}`")))
    };
    write().map(|tree| tree.to_string())
}

impl CandidateBuilder {
    /// A commit on top of this one without orch's own folder; `None` when the commit does not have the folder.
    ///
    /// # Errors
    ///
    /// When the commit cannot be read or the new one cannot be written.
    pub fn without_orch_dir(&self, commit: &CommitId, message: &str) -> Result<Option<CommitId>, GitError> {
        if orch_files_in(self.repo(), commit)?.is_empty() {
            return Ok(None);
        }
        let tree = tree_without_orch_dir(self.repo(), commit)?;
        self.seal(&tree, &[commit], message).map(Some)
    }
}

/// Moves the branch of a worktree to a commit that differs only in lacking orch's own folder. The files stay as they
/// are, and git no longer tracks them.
///
/// # Errors
///
/// When somebody has moved the branch, or git refuses.
pub fn step_out_of_orch_dir(
    worktree: &Path,
    branch: &str,
    from: &CommitId,
    to: &CommitId,
) -> Result<(), GitError> {
    let step = Git::within(worktree)
        .args(["update-ref", "-m", "orch: take its own folder out"])
        .arg(branch_ref(branch))
        .args([to.as_str(), from.as_str()]);
    failpoint::around("git.own_folder", || step.run())?;
    Git::within(worktree)
        .args(["reset", "--quiet", "HEAD", "--"])
        .arg(format!(":(top){ORCH_DIR}"))
        .run()?;
    Ok(())
}
