//! A patch between two texts of one file.

use std::path::Path;

use git2::Patch;

use super::error::GitError;

/// The changes from one text to the other, as `git diff` shows them.
///
/// # Errors
///
/// When libgit2 cannot compare the texts.
pub fn text_diff(path: &Path, old: &str, new: &str) -> Result<String, GitError> {
    let (old, new) = (old.as_bytes(), new.as_bytes());
    let patch = Patch::from_buffers(old, Some(path), new, Some(path), None);
    let written = patch.and_then(|mut patch| patch.to_buf());
    let written = written.map_err(GitError::library("compare two texts"))?;
    Ok(String::from_utf8_lossy(&written).into_owned())
}
