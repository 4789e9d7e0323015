//! Files of somebody's that stand where a move of a checkout has to put its own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::GitError;
use super::landing::added;
use super::revision::oid;
use crate::plan::CommitId;

/// Files in a checkout of `old` that git does not track there and that going to `new` would replace, sorted. Git
/// itself spares only those that are not ignored; here an ignored one (an `.env`) is spared as well.
pub(super) fn in_the_way(path: &Path, old: &CommitId, new: &CommitId) -> Result<Vec<PathBuf>, GitError> {
    let candidates: BTreeSet<PathBuf> = added(path, old, new)?
        .into_iter()
        .filter_map(|file| occupied(path, &file))
        .collect();
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    let repo = git2::Repository::open(path).map_err(GitError::library(format!(
        "open the checkout `{}`",
        path.display()
    )))?;
    let tree = repo
        .find_commit(oid(old)?)
        .and_then(|commit| commit.tree())
        .map_err(GitError::library(format!("read the files of `{old}`")))?;
    Ok(candidates
        .into_iter()
        .filter(|file| tree.get_path(file).is_err())
        .collect())
}

/// The file, or the one among its parents, that exists where a new file has to go. Folders are left for git to
/// judge: most hold tracked files.
fn occupied(top: &Path, file: &Path) -> Option<PathBuf> {
    let mut so_far = PathBuf::new();
    for part in file.components() {
        so_far.push(part);
        match top.join(&so_far).symlink_metadata() {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Some(so_far),
            Err(_) => return None,
        }
    }
    None
}
