//! Files of people or agents that are in the way of files that a checkout's move has to write.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::git::files::error::GitError;
use crate::git::files::names::ORCH_DIR;
use crate::git::repo::tree_diff::{TreeDiff, tree_at};
use crate::plan::CommitId;

/// The untracked files of a worktree, mostly ignored ones, that a checkout of the commit would replace. Orch may
/// replace its own files, so they are left out.
pub(in crate::git) fn covered(path: &Path, old: &CommitId, new: &CommitId) -> Result<Vec<PathBuf>, GitError> {
    if old == new {
        return Ok(Vec::new());
    }
    let mut files = in_the_way(&open(path)?, path, old, new)?;
    files.retain(|file| !file.starts_with(ORCH_DIR));
    Ok(files)
}

fn open(path: &Path) -> Result<git2::Repository, GitError> {
    let cannot = GitError::library(format!("open the checkout `{}`", path.display()));
    git2::Repository::open(path).map_err(cannot)
}

/// Untracked files in a checkout of `old` that a checkout of `new` would replace, sorted. Git itself spares only files
/// that are not ignored; orch also spares ignored ones (such as `.env`).
pub(in crate::git) fn in_the_way(
    repo: &git2::Repository,
    path: &Path,
    old: &CommitId,
    new: &CommitId,
) -> Result<Vec<PathBuf>, GitError> {
    let mut found = Vec::new();
    for file in TreeDiff::between(repo, old, new)?.added() {
        if let Some(occupied) = occupied(path, &file) {
            found.push((file, occupied));
        }
    }
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let (tree, new_tree) = (tree_at(repo, old)?, tree_at(repo, new)?);
    let mut candidates = BTreeSet::new();
    for (file, occupied) in found {
        // A submodule goes into the existing folder.
        let is_submodule = || {
            let kind = new_tree.get_path(&file).ok().and_then(|entry| entry.kind());
            kind == Some(git2::ObjectType::Commit)
        };
        match occupied {
            Occupied::File(found) => {
                candidates.insert(found);
            }
            Occupied::Folder if is_submodule() => {}
            Occupied::Folder => files_below(path, &file, &mut candidates)?,
        }
    }
    Ok(candidates
        .into_iter()
        .filter(|file| tree.get_path(file).is_err())
        .collect())
}

/// An obstacle at the path of a new file.
enum Occupied {
    /// A file at the path itself, or in the place of a folder above it.
    File(PathBuf),
    /// A folder of the same name. Git removes the folder with all ignored files in it.
    Folder,
}

fn occupied(top: &Path, file: &Path) -> Option<Occupied> {
    let mut so_far = PathBuf::new();
    for part in file.components() {
        so_far.push(part);
        match top.join(&so_far).symlink_metadata() {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Some(Occupied::File(so_far)),
            Err(_) => return None,
        }
    }
    Some(Occupied::Folder)
}

/// All files below a folder, tracked or not, by their paths from the top.
fn files_below(top: &Path, folder: &Path, files: &mut BTreeSet<PathBuf>) -> Result<(), GitError> {
    let full = top.join(folder);
    let entries = fs::read_dir(&full).map_err(GitError::io("read", &full))?;
    for entry in entries.flatten() {
        let file = folder.join(entry.file_name());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            files_below(top, &file, files)?;
        } else {
            files.insert(file);
        }
    }
    Ok(())
}
