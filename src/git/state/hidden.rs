//! The contents of a worktree that `git status` does not show: changes to files that git was told not to look at, and
//! commits that only the worktree's own refs have.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid};

use super::inspect::git_dir;
use crate::git::files::error::GitError;
use crate::git::program::command::{Git, records};
use crate::git::repo::repository::Repository;
use crate::plan::CommitId;

/// True when the index may have files with `--assume-unchanged` or `--skip-worktree`. Cheaper than looking for changes
/// in them.
pub(in crate::git) fn may_hide(worktree: &Path) -> Result<bool, GitError> {
    const ASSUMED: u16 = 1 << 15;
    const SKIPPED: u16 = 1 << 14;
    // True after an error: git can read some indexes that the library cannot.
    Ok(
        git2::Index::open(&git_dir(worktree)?.join("index")).map_or(true, |index| {
            let hides =
                |entry: git2::IndexEntry| entry.flags & ASSUMED != 0 || entry.flags_extended & SKIPPED != 0;
            index.iter().any(hides)
        }),
    )
}

/// Files with `--assume-unchanged` or `--skip-worktree` that differ from the index, relative to the worktree. Missing
/// files, as in a sparse checkout, hold nothing and are left out.
pub(in crate::git) fn hidden_changes(worktree: &Path) -> Result<Vec<PathBuf>, GitError> {
    let out = Git::within(worktree)
        .args(["ls-files", "-v", "--stage", "-z"])
        .run()?;
    // `TAG MODE OID STAGE<TAB>PATH`: a lower-case tag for files that are assumed unchanged, `S` for skipped files.
    let hidden = records(&out).filter_map(|record| match record {
        [tag, b' ', rest @ ..] if tag.is_ascii_lowercase() || *tag == b'S' => {
            let tab = rest.iter().position(|byte| *byte == b'\t')?;
            let id = rest[..tab].split(|byte| *byte == b' ').nth(1)?;
            Some((std::str::from_utf8(id).ok()?, &rest[tab + 1..]))
        }
        _ => None,
    });
    let mut files = Vec::new();
    for (staged, path) in hidden {
        let file = PathBuf::from(std::ffi::OsStr::from_bytes(path));
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
        if now != Oid::from_str(staged).ok() {
            files.push(file);
        }
    }
    Ok(files)
}

/// The id under which git would stage a file's content, with line endings and filters applied.
fn staged_as(worktree: &Path, file: &Path) -> Result<Option<Oid>, GitError> {
    let out = Git::within(worktree)
        .args(["hash-object", "--"])
        .arg(file)
        .run()?;
    Ok(Oid::from_str(String::from_utf8_lossy(&out).trim()).ok())
}

/// The worktree's own refs with commits that are not in the history of `target`.
pub(in crate::git) fn own_refs_beyond(
    repo: &Repository,
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
        // An object that is no commit cannot be shown to exist anywhere else.
        if !repo.is_ancestor(&commit, target).unwrap_or(false) {
            beyond.push((name.to_owned(), commit));
        }
    }
    Ok(beyond)
}
