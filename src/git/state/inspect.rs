//! The state of a checkout: the commit, uncommitted changes, and operations in progress.

use std::ffi::{OsStr, OsString};
use std::ops::Deref;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::spotless::spotless;
use crate::git::files::error::GitError;
use crate::git::files::names::ORCH_DIR;
use crate::git::files::registration::{pointed_to, read_head, written_head};
use crate::git::program::command::Git;
use crate::git::repo::ids::commit_id;
use crate::git::repo::repository::Repository;
use crate::plan::CommitId;

/// A git operation that was begun and has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InProgress {
    /// `git merge` stopped, usually at a conflict.
    Merge,
    /// `git rebase` or `git am`.
    Rebase,
    /// `git cherry-pick`.
    CherryPick,
    /// `git revert`.
    Revert,
    /// `git bisect`.
    Bisect,
}

impl InProgress {
    /// The operation's common name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Rebase => "rebase",
            Self::CherryPick => "cherry-pick",
            Self::Revert => "revert",
            Self::Bisect => "bisect",
        }
    }

    /// The command that aborts the operation.
    pub const fn end(self) -> &'static str {
        match self {
            Self::Merge => "git merge --abort",
            Self::Rebase => "git rebase --abort",
            Self::CherryPick => "git cherry-pick --abort",
            Self::Revert => "git revert --abort",
            Self::Bisect => "git bisect reset",
        }
    }
}

impl std::fmt::Display for InProgress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// The state of a checkout at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorktreeState {
    /// The checked-out commit.
    pub head: CommitId,
    /// The checked-out branch; `None` for a detached HEAD.
    pub branch: Option<String>,
    /// Files that differ from the commit, and untracked files that are not ignored, relative to the checkout, sorted.
    /// Orch's own folder is left out. A path that ends in `/` is an untracked repository inside the checkout.
    pub dirty: Vec<PathBuf>,
    /// An operation that has not ended.
    pub in_progress: Option<InProgress>,
}

impl WorktreeState {
    /// True when nothing is uncommitted and no operation is in progress.
    pub fn is_clean(&self) -> bool {
        self.dirty.is_empty() && self.in_progress.is_none()
    }
}

/// Inspects a checkout. Takes no lock there, so an agent's command is never blocked.
pub fn inspect(path: &Path) -> Result<WorktreeState, GitError> {
    let spotless = || {
        let repo = git2::Repository::open(path).ok()?;
        seen_spotless(|| &repo, path, &git_dir(path).ok()?)
    };
    spotless().map_or_else(|| look(path), Ok)
}

/// Like [`inspect`], by the git program alone. For use when a sandbox lets git work but keeps the library from opening
/// the repository.
pub fn inspect_by_git(path: &Path) -> Result<WorktreeState, GitError> {
    look(path)
}

/// Like [`inspect`], for a worktree of this repository. Cheaper, because the repository is already open.
pub fn inspect_in(repo: &Repository, worktree: &Path) -> Result<WorktreeState, GitError> {
    let ours = |git_dir: &Path| git_dir.starts_with(repo.common_dir());
    match git_dir(worktree) {
        Ok(git_dir) if ours(&git_dir) => {
            let spotless = seen_spotless(|| repo.handle(), worktree, &git_dir);
            spotless.map_or_else(|| look(worktree), Ok)
        }
        _ => inspect(worktree),
    }
}

fn seen_spotless<R: Deref<Target = git2::Repository>>(
    repo: impl Fn() -> R,
    path: &Path,
    git_dir: &Path,
) -> Option<WorktreeState> {
    Some(WorktreeState {
        head: spotless(repo, path, git_dir)?,
        branch: read_head(&git_dir.join("HEAD"))?,
        dirty: Vec::new(),
        in_progress: in_progress(git_dir),
    })
}

/// Like [`inspect`], by the git program.
fn look(path: &Path) -> Result<WorktreeState, GitError> {
    let answer = Git::within(path)
        .option("--no-optional-locks")
        .args([
            "status",
            "--porcelain=v2",
            "--branch",
            "-z",
            "--untracked-files=all",
            "--no-renames",
        ])
        .answer()?;
    if !answer.status.success() {
        return Err(answer.failure());
    }
    let mut head = None;
    let mut branch = None;
    let mut dirty = Vec::new();
    for record in crate::git::program::command::records(&answer.stdout) {
        if let Some(oid) = record.strip_prefix(b"# branch.oid ") {
            head = crate::git::program::command::parse_id(oid);
        } else if let Some(name) = record.strip_prefix(b"# branch.head ") {
            branch = Some(String::from_utf8_lossy(name).into_owned());
        } else if !record.starts_with(b"# ") {
            let path =
                changed_path(record).ok_or_else(|| answer.unreadable(&String::from_utf8_lossy(record)))?;
            if !path.starts_with(ORCH_DIR) {
                dirty.push(path);
            }
        }
    }
    dirty.sort();
    let git_dir = git_dir(path)?;
    let head = head.ok_or_else(|| GitError::Unborn {
        path: path.to_owned(),
    })?;
    // `git status` prints `(detached)`, but a branch may also have this name. HEAD itself shows which is meant.
    let branch = match read_head(&git_dir.join("HEAD")) {
        Some(on) => on,
        None => branch,
    };
    Ok(WorktreeState {
        head,
        branch,
        dirty,
        in_progress: in_progress(&git_dir),
    })
}

/// The path in a record of `git status --porcelain=v2 -z --no-renames`.
pub(in crate::git) fn changed_path(record: &[u8]) -> Option<PathBuf> {
    let fields_before_path = match record.first()? {
        b'1' => 8,
        b'u' => 10,
        b'?' | b'!' => 1,
        _ => return None,
    };
    let path = record
        .splitn(fields_before_path + 1, |b| *b == b' ')
        .nth(fields_before_path)?;
    Some(OsString::from_vec(path.to_vec()).into())
}

/// The folder that holds HEAD and index of a checkout.
pub fn git_dir(path: &Path) -> Result<PathBuf, GitError> {
    if let Some(admin) = pointed_to(path) {
        return Ok(admin);
    }
    let own = path.join(".git");
    if own.is_dir() {
        return Ok(own);
    }
    let out = Git::within(path)
        .args(["rev-parse", "--absolute-git-dir"])
        .run()?;
    Ok(PathBuf::from(OsStr::from_bytes(out.trim_ascii_end())))
}

/// True when the folder is a checkout: its `.git` is a folder, or points to one.
pub fn is_checkout(path: &Path) -> bool {
    pointed_to(path).unwrap_or_else(|| path.join(".git")).is_dir()
}

/// The checked-out commit of a worktree. Cheaper than [`inspect`], because no process is started.
pub fn head_of(path: &Path) -> Result<CommitId, GitError> {
    if let Some(head) = git_dir(path).ok().and_then(|git_dir| written_head(&git_dir)) {
        return Ok(head);
    }
    let repo = git2::Repository::open(path).map_err(GitError::library(format!(
        "open the worktree `{}`",
        path.display()
    )))?;
    let head = repo.head().and_then(|head| head.peel_to_commit());
    match head {
        Ok(commit) => Ok(commit_id(commit.id())),
        Err(error)
            if matches!(
                error.code(),
                git2::ErrorCode::UnbornBranch | git2::ErrorCode::NotFound
            ) =>
        {
            Err(GitError::Unborn {
                path: path.to_owned(),
            })
        }
        Err(source) => Err(GitError::Library {
            action: format!("read HEAD of `{}`", path.display()),
            source,
        }),
    }
}

pub(in crate::git) fn in_progress(git_dir: &Path) -> Option<InProgress> {
    [
        ("rebase-merge", InProgress::Rebase),
        ("rebase-apply", InProgress::Rebase),
        ("MERGE_HEAD", InProgress::Merge),
        ("CHERRY_PICK_HEAD", InProgress::CherryPick),
        ("REVERT_HEAD", InProgress::Revert),
        ("BISECT_LOG", InProgress::Bisect),
    ]
    .into_iter()
    .find(|(file, _)| git_dir.join(file).exists())
    .map(|(_, operation)| operation)
}
