//! What a worktree holds that `git status` does not show: changes to files that git was told not to look at, and commits that
//! only the worktree's own refs have.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid};

use super::command::Git;
use super::inspect::git_dir;
use super::{GitError, Repository};
use crate::plan::CommitId;

/// `git update-index --assume-unchanged`
const ASSUME_VALID: u16 = 0x8000;
/// `git update-index --skip-worktree`
const SKIP_WORKTREE: u16 = 0x4000;

/// Files with `--assume-unchanged` or `--skip-worktree` that are not as they were staged, relative to the worktree. Those that
/// are not there, as in a sparse checkout, hold nothing.
pub(super) fn hidden_changes(worktree: &Path) -> Result<Vec<PathBuf>, GitError> {
    let index = git_dir(worktree)?.join("index");
    let cannot = || GitError::library(format!("read `{}`", index.display()));
    if !index.exists() {
        return Ok(Vec::new());
    }
    let index = git2::Index::open(&index).map_err(cannot())?;
    let mut files = Vec::new();
    for entry in index.iter() {
        let hidden = entry.flags & ASSUME_VALID != 0 || entry.flags_extended & SKIP_WORKTREE != 0;
        if !hidden {
            continue;
        }
        let file = PathBuf::from(std::ffi::OsStr::from_bytes(&entry.path));
        let there = worktree.join(&file);
        let Ok(found) = fs::symlink_metadata(&there) else {
            continue;
        };
        let now = if found.is_symlink() {
            let leads_to = fs::read_link(&there).map_err(GitError::io("read", &there))?;
            Oid::hash_object(ObjectType::Blob, leads_to.as_os_str().as_bytes()).ok()
        } else if found.is_file() {
            staged_as(worktree, &file)?
        } else {
            continue;
        };
        if now != Some(entry.id) {
            files.push(file);
        }
    }
    Ok(files)
}

/// The id that git would stage a file's content under, line endings and filters applied.
fn staged_as(worktree: &Path, file: &Path) -> Result<Option<Oid>, GitError> {
    let out = Git::within(worktree)
        .args(["hash-object", "--"])
        .arg(file)
        .run()?;
    Ok(Oid::from_str(String::from_utf8_lossy(&out).trim()).ok())
}

impl Repository {
    /// Refs that go with a worktree, with commits that are not in the history of `target`.
    pub(super) fn own_refs_beyond(
        &self,
        worktree: &Path,
        target: &CommitId,
    ) -> Result<Vec<(String, CommitId)>, GitError> {
        let mut beyond = Vec::new();
        if !git_dir(worktree)?.join("refs/worktree").is_dir() {
            return Ok(beyond);
        }
        let git = Git::within(worktree).args([
            "for-each-ref",
            "--format=%(objectname) %(refname)",
            "refs/worktree",
        ]);
        let out = git.run()?;
        for line in String::from_utf8_lossy(&out).lines() {
            let Some((id, name)) = line.split_once(' ') else {
                continue;
            };
            let Ok(commit) = id.parse::<CommitId>() else {
                continue;
            };
            // What is no commit cannot be told to be anywhere else.
            if !self.is_ancestor(&commit, target).unwrap_or(false) {
                beyond.push((name.to_owned(), commit));
            }
        }
        Ok(beyond)
    }
}
