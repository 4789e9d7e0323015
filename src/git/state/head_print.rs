//! A fingerprint of a checkout, to notice when somebody works there who should not.

use super::inspect::inspect_in;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::git::files::error::GitError;
use crate::git::repo::repository::Repository;
use crate::plan::CommitId;

/// The fingerprint of a checkout. Different fingerprints belong to different states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadPrint {
    /// The checked-out commit.
    pub head: CommitId,
    /// The checked-out branch; `None` for a detached HEAD.
    pub branch: Option<String>,
    /// Every uncommitted file with its fingerprint; `None` for a deleted file.
    dirty: BTreeMap<PathBuf, Option<Looks>>,
}

/// Size in bytes, modification time in seconds and nanoseconds.
type Looks = (u64, i64, i64);

impl HeadPrint {
    /// The same uncommitted files on the commit and branch of another fingerprint.
    pub fn moved_to(self, other: &Self) -> Self {
        Self {
            head: other.head.clone(),
            branch: other.branch.clone(),
            dirty: self.dirty,
        }
    }

    /// The files whose uncommitted content has changed, including files that have since been committed or restored.
    pub fn changed_since(&self, before: &Self) -> Vec<PathBuf> {
        let all = before.dirty.keys().chain(self.dirty.keys());
        let other = |file: &&PathBuf| before.dirty.get(*file) != self.dirty.get(*file);
        let mut changed: Vec<PathBuf> = all.filter(other).cloned().collect();
        changed.sort();
        changed.dedup();
        changed
    }
}

/// Takes a fingerprint of a checkout. Costs a `git status`.
pub fn fingerprint(repo: &Repository, checkout: &Path) -> Result<HeadPrint, GitError> {
    let state = inspect_in(repo, checkout)?;
    let looks = |file: &PathBuf| {
        let found = checkout.join(file).symlink_metadata().ok()?;
        Some((found.len(), found.mtime(), found.mtime_nsec()))
    };
    let dirty = state.dirty.iter().map(|file| (file.clone(), looks(file)));
    Ok(HeadPrint {
        dirty: dirty.collect(),
        head: state.head,
        branch: state.branch,
    })
}
