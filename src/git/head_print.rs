//! A fingerprint of a checkout, to notice that somebody works in it who should not.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{GitError, inspect};
use crate::plan::CommitId;

/// What a checkout looked like. Two that differ were taken of different states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadPrint {
    /// The commit checked out.
    pub head: CommitId,
    /// The branch checked out; none for a detached HEAD.
    pub branch: Option<String>,
    /// Stands for the names, sizes and times of all files that are uncommitted. Only for comparing within one
    /// process.
    pub dirty_hash: u64,
}

/// Takes a fingerprint. Costs a `git status`.
pub fn fingerprint(checkout: &Path) -> Result<HeadPrint, GitError> {
    let state = inspect(checkout)?;
    let mut hasher = DefaultHasher::new();
    for file in &state.dirty {
        file.hash(&mut hasher);
        if let Ok(found) = checkout.join(file).symlink_metadata() {
            (found.len(), found.mtime(), found.mtime_nsec()).hash(&mut hasher);
        }
    }
    Ok(HeadPrint {
        head: state.head,
        branch: state.branch,
        dirty_hash: hasher.finish(),
    })
}
