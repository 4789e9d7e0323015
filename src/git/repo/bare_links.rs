//! Repositories inside a worktree that a commit holds only as a link.

use std::path::PathBuf;

use super::repository::Repository;
use super::tree_diff::{TreeDiff, tree_at};
use crate::git::files::error::GitError;
use crate::plan::CommitId;

/// The repositories that were added between two commits as links without an entry in `.gitmodules`, sorted. Their files
/// are in no commit, and no checkout of the commit has them.
///
/// # Errors
///
/// When a commit cannot be read.
pub fn bare_links(repo: &Repository, since: &CommitId, tip: &CommitId) -> Result<Vec<PathBuf>, GitError> {
    if since == tip {
        return Ok(Vec::new());
    }
    let handle = repo.handle();
    let added = TreeDiff::between(&handle, since, tip)?.added_links();
    if added.is_empty() {
        return Ok(added);
    }
    let tree = tree_at(&handle, tip)?;
    let modules = tree
        .get_name(".gitmodules")
        .and_then(|entry| entry.to_object(&handle).ok());
    let modules = modules.and_then(|found| found.into_blob().ok());
    let text = modules.map(|blob| String::from_utf8_lossy(blob.content()).into_owned());
    let explained: Vec<PathBuf> = text
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| line.trim().strip_prefix("path")?.trim_start().strip_prefix('='))
        .map(|path| PathBuf::from(path.trim().trim_matches('"')))
        .collect();
    Ok(added
        .into_iter()
        .filter(|path| !explained.contains(path))
        .collect())
}
