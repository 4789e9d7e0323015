//! Moving a branch whose checkout has uncommitted changes, as `git merge --ff-only` does. Uncommitted changes stay as
//! they are, in the index and in files, as long as the move changes other files.

use super::branch_rewrite::refuse_while_rewritten;
use crate::git::state::checkout::checkouts_of;
use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::git::files::error::GitError;
use crate::git::lock::land_refusal::LandRefusal;
use crate::git::program::command::{Git, records};
use crate::git::repo::repository::Repository;
use crate::git::repo::tree_diff::TreeDiff;
use crate::git::state::in_the_way::in_the_way;
use crate::git::state::inspect::{git_dir, inspect};
use crate::git::state::plain_index::{MOST_FILES, PlainIndex};
use crate::plan::CommitId;

/// The files that differ between two commits, relative to the top.
pub(in crate::git) struct DifferingFiles(BTreeSet<PathBuf>);

impl DifferingFiles {
    pub(in crate::git) fn between(
        repo: &Repository,
        old: &CommitId,
        new: &CommitId,
    ) -> Result<Self, GitError> {
        Ok(Self(TreeDiff::between(&repo.handle(), old, new)?.paths()))
    }

    /// True when the move changes the file, a file below a folder of this name, or a file named like a folder above.
    fn touches(&self, file: &Path) -> bool {
        let below = self.0.range(file.to_owned()..).next();
        file.ancestors().any(|above| self.0.contains(above))
            || below.is_some_and(|found| found.starts_with(file))
    }

    /// True when the index agrees with the commit in every file that the move changes.
    pub(in crate::git) fn is_shown(
        &self,
        repo: &Repository,
        path: &Path,
        commit: &CommitId,
    ) -> Result<bool, GitError> {
        let staged = staged(repo, path, commit)?;
        Ok(!staged.files.iter().any(|file| self.touches(file)))
    }
}

/// The differences between the index and a commit.
struct Staged {
    files: Vec<PathBuf>,
    /// True when the index has unmerged entries of a merge.
    unmerged: bool,
}

fn staged(repo: &Repository, path: &Path, commit: &CommitId) -> Result<Staged, GitError> {
    let index = PlainIndex::read(&git_dir(path)?, MOST_FILES);
    if let Some(files) = index.and_then(|index| index.differing(&repo.handle(), commit)) {
        let unmerged = false;
        return Ok(Staged { files, unmerged });
    }
    let out = Git::within(path)
        .args([
            "diff-index",
            "--cached",
            "--raw",
            "-z",
            "--no-renames",
            "--ignore-submodules=none",
        ])
        .arg(commit.as_str())
        .run()?;
    let mut fields = records(&out);
    let mut staged = Staged {
        files: Vec::new(),
        unmerged: false,
    };
    // `:MODE MODE BLOB BLOB STATUS`, then the path.
    while let (Some(about), Some(file)) = (fields.next(), fields.next()) {
        staged.unmerged |= about.last() == Some(&b'U');
        staged
            .files
            .push(PathBuf::from(std::ffi::OsStr::from_bytes(file)));
    }
    Ok(staged)
}

/// True when the index of a checkout is equal to the commit.
pub(in crate::git) fn index_equals(
    repo: &Repository,
    path: &Path,
    commit: &CommitId,
) -> Result<bool, GitError> {
    Ok(staged(repo, path, commit)?.files.is_empty())
}

/// Refuses a checkout in which the move would change a file with uncommitted changes, or in which a merge or similar
/// operation is under way. `dirty` lists the tracked files with uncommitted changes.
pub(in crate::git) fn refuse_overlap(
    repo: &Repository,
    path: &Path,
    dirty: &[PathBuf],
    old: &CommitId,
    new: &CommitId,
) -> Result<(), LandRefusal> {
    let staged = staged(repo, path, old)?;
    let mut all: BTreeSet<PathBuf> = dirty.iter().cloned().collect();
    all.extend(staged.files);
    if all.is_empty() {
        return Ok(());
    }
    if staged.unmerged || inspect(path)?.in_progress.is_some() {
        return Err(LandRefusal::Dirty {
            path: path.to_owned(),
            files: all.into_iter().collect(),
        });
    }
    let moved = DifferingFiles::between(repo, old, new)?;
    all.retain(|file| moved.touches(file));
    if all.is_empty() {
        return Ok(());
    }
    Err(LandRefusal::Overlap {
        path: path.to_owned(),
        files: all.into_iter().collect(),
    })
}

/// Refuses when a checkout of the branch could not follow from one commit to another because of its content. This is a
/// cheap check in advance; the landing checks again.
///
/// # Errors
///
/// The obstacle, or the reason why the check failed.
pub fn could_follow(
    repo: &Repository,
    branch: &str,
    old: &CommitId,
    new: &CommitId,
) -> Result<(), LandRefusal> {
    refuse_while_rewritten(repo, branch)?;
    for checkout in checkouts_of(repo, branch)? {
        refuse_overlap(repo, &checkout.path, &checkout.dirty, old, new)?;
        let files = in_the_way(&repo.handle(), &checkout.path, old, new)?;
        if !files.is_empty() {
            let path = checkout.path;
            return Err(LandRefusal::InTheWay { path, files });
        }
    }
    Ok(())
}
