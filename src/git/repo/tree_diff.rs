//! The files that differ between two commits.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use git2::{Delta, Tree};

use super::ids::oid;
use crate::git::files::error::GitError;
use crate::plan::CommitId;

/// The differences between two trees, without rename detection.
pub(in crate::git) struct TreeDiff<'a>(git2::Diff<'a>);

impl<'a> TreeDiff<'a> {
    /// The changes from one commit to another.
    pub(in crate::git) fn between(
        repo: &'a git2::Repository,
        old: &CommitId,
        new: &CommitId,
    ) -> Result<Self, GitError> {
        Self::from_tree(repo, Some(&tree_at(repo, old)?), &tree_at(repo, new)?)
    }

    /// The changes from one tree, or from nothing, to another tree.
    pub(in crate::git) fn from_tree(
        repo: &'a git2::Repository,
        old: Option<&Tree<'_>>,
        new: &Tree<'_>,
    ) -> Result<Self, GitError> {
        repo.diff_tree_to_tree(old, Some(new), None)
            .map(Self)
            .map_err(GitError::library(format!("compare with tree `{}`", new.id())))
    }

    /// The paths that differ between the two sides.
    pub(in crate::git) fn paths(&self) -> BTreeSet<PathBuf> {
        let both = self.0.deltas().flat_map(|delta| {
            let both = [delta.old_file().path_bytes(), delta.new_file().path_bytes()];
            both.map(|path| path.map(path_of))
        });
        both.flatten().collect()
    }

    /// The numbers of lines that only the second side has and that only the first side has.
    pub(in crate::git) fn lines(&self) -> Result<(usize, usize), GitError> {
        let stats = self.0.stats().map_err(GitError::library("count changed lines"))?;
        Ok((stats.insertions(), stats.deletions()))
    }

    /// The links to other repositories that only the second side has, sorted.
    pub(in crate::git) fn added_links(&self) -> Vec<PathBuf> {
        let link = |delta: &git2::DiffDelta<'_>| {
            let (old, new) = (delta.old_file(), delta.new_file());
            new.mode() == git2::FileMode::Commit && old.mode() != git2::FileMode::Commit
        };
        let mut added: Vec<PathBuf> = self
            .0
            .deltas()
            .filter(link)
            .filter_map(|delta| delta.new_file().path_bytes().map(path_of))
            .collect();
        added.sort();
        added
    }

    /// The paths that only the second side has.
    pub(in crate::git) fn added(&self) -> Vec<PathBuf> {
        let added = self.0.deltas().filter(|delta| delta.status() == Delta::Added);
        added
            .filter_map(|delta| delta.new_file().path_bytes().map(path_of))
            .collect()
    }
}

/// The tree of a commit.
pub(in crate::git) fn tree_at<'a>(
    repo: &'a git2::Repository,
    commit: &CommitId,
) -> Result<Tree<'a>, GitError> {
    repo.find_commit(oid(commit)?)
        .and_then(|commit| commit.tree())
        .map_err(GitError::library(format!("read the files of `{commit}`")))
}

fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}
