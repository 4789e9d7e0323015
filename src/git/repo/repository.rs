//! The repository that orch works on, found from any folder in it.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::main_checkout::{leads_to, recorded};
use super::patches::{CommitsSince, LatestPatches, OwnPatches};
use crate::git::files::error::GitError;
use crate::git::files::settled_reads::SettledReads;
use crate::plan::CommitId;

/// A repository, with everything that its checkouts share. Cheap to clone, safe to share between threads.
#[derive(Clone)]
pub struct Repository {
    here: PathBuf,
    common_dir: PathBuf,
    top: PathBuf,
    name: String,
    bare: bool,
    /// One handle for all reads, which keeps pack indexes open. Two threads must not use one libgit2 handle at the same
    /// time.
    handle: Arc<Mutex<git2::Repository>>,
    /// The patches of the latest commits of the last target, with the target's tip at that time.
    pub(in crate::git) latest_patches: Arc<Mutex<Option<LatestPatches>>>,
    /// The patches of branches, by the commit where they left a target and by their tips.
    pub(in crate::git) own_patches: Arc<Mutex<BTreeMap<(CommitId, CommitId), OwnPatches>>>,
    /// The last result for the commits of a target since a commit.
    pub(in crate::git) latest_since: Arc<Mutex<Option<Arc<CommitsSince>>>>,
    /// The common ancestors found so far. Each costs a walk through the histories.
    pub(in crate::git) merge_bases: Arc<Mutex<HashMap<(git2::Oid, git2::Oid), git2::Oid>>>,
    /// The files that say what each worktree has checked out.
    pub(in crate::git) heads: Arc<SettledReads>,
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository")
            .field("here", &self.here)
            .field("common_dir", &self.common_dir)
            .finish_non_exhaustive()
    }
}

impl Repository {
    /// Finds the repository that contains `dir`: a checkout, a folder below a checkout, a linked worktree, a bare
    /// repository, or a folder with a `.git` file that points to a repository.
    pub fn discover(dir: &Path) -> Result<Self, GitError> {
        // Not `discover`, which opens the repository it finds and forgets where the search began.
        let across = git2::RepositoryOpenFlags::CROSS_FS;
        let opened = git2::Repository::open_ext(dir, across, std::iter::empty::<&OsStr>());
        let found = opened.map_err(|source| match source.code() {
            git2::ErrorCode::NotFound => GitError::NotARepository { dir: dir.to_owned() },
            _ if unknown_format(source.message()).is_some() => GitError::Format {
                dir: dir.to_owned(),
                format: unknown_format(source.message()).unwrap_or_default(),
            },
            _ => GitError::Library {
                action: format!("open the git repository of `{}`", dir.display()),
                source,
            },
        })?;
        let common_dir = canonical(found.commondir())?;
        let here = canonical(found.workdir().unwrap_or_else(|| found.path()))?;
        let (top, bare) = if found.is_worktree() {
            let main = git2::Repository::open(&common_dir)
                .map_err(GitError::library(format!("open `{}`", common_dir.display())))?;
            (main_checkout(&main, &common_dir)?, main.is_bare())
        } else {
            (here.clone(), found.is_bare())
        };
        Ok(Self {
            name: repo_name(&top),
            here,
            common_dir,
            top,
            bare,
            handle: Arc::new(Mutex::new(found)),
            latest_patches: Arc::default(),
            own_patches: Arc::default(),
            latest_since: Arc::default(),
            merge_bases: Arc::default(),
            heads: Arc::default(),
        })
    }

    /// True when a search for a repository from this folder certainly finds this repository, seen from this checkout:
    /// the folder is the main checkout, and the repository is inside it.
    pub fn is_found_from(&self, folder: &Path) -> bool {
        folder == self.here && self.here.join(".git") == self.common_dir
    }

    /// The folder that all worktrees share: `.git` of the main checkout, or the bare repository itself.
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// The main checkout's folder, or the bare repository's.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// The folder of the checkout that [`Repository::discover`] was called in. The bare repository's folder outside any
    /// checkout.
    pub fn here(&self) -> &Path {
        &self.here
    }

    /// The value of `{repo}`: the name of the main checkout's folder. A bare repository's name loses `.git`. A bare
    /// repository that is itself called `.git` or `.bare` has the name of the folder around it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// True when the repository has no main checkout.
    pub fn is_bare(&self) -> bool {
        self.bare
    }

    /// The branch of the current checkout, even a branch without a commit; `None` for a detached HEAD.
    pub fn head_branch(&self) -> Result<Option<String>, GitError> {
        let repo = self.handle();
        let head = repo
            .find_reference("HEAD")
            .map_err(GitError::library("read HEAD"))?;
        Ok(head
            .symbolic_target()
            .ok()
            .flatten()
            .and_then(|target| target.strip_prefix("refs/heads/"))
            .map(str::to_owned))
    }

    /// True when there is no commit to start from: no branch and no detached HEAD.
    pub fn is_empty(&self) -> Result<bool, GitError> {
        let repo = self.handle();
        if repo.head().is_ok() {
            return Ok(false);
        }
        let mut branches = repo
            .branches(None)
            .map_err(GitError::library("list the branches"))?;
        Ok(branches.next().is_none())
    }

    /// Refuses a repository without a commit, and says what to do.
    pub fn require_commit(&self) -> Result<(), GitError> {
        if self.is_empty()? {
            return Err(GitError::NoCommit {
                top: self.top.clone(),
            });
        }
        Ok(())
    }

    pub(in crate::git) fn handle(&self) -> MutexGuard<'_, git2::Repository> {
        // A panic during a read leaves nothing half done, because the handle is only read from.
        self.handle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The main checkout of a repository that was found from a linked worktree. The repository itself when it is bare.
fn main_checkout(main: &git2::Repository, common_dir: &Path) -> Result<PathBuf, GitError> {
    let Some(top) = main.workdir() else {
        return Ok(common_dir.to_owned());
    };
    let top = top.canonicalize().ok();
    let stated = || {
        main.config()
            .is_ok_and(|config| config.get_path("core.worktree").is_ok())
    };
    let known = top.filter(|top| leads_to(top, common_dir) || stated());
    known
        .or_else(|| recorded(common_dir))
        .ok_or_else(|| GitError::Apart {
            common_dir: common_dir.to_owned(),
        })
}

/// Why libgit2 cannot read a repository, in orch's words.
fn unknown_format(message: &str) -> Option<&'static str> {
    let message = message.to_ascii_lowercase();
    if message.contains("refstorage") {
        Some("keeps its refs in a reftable")
    } else if message.contains("object format") || message.contains("objectformat") {
        Some("names its objects by SHA-256")
    } else if message.contains("unsupported extension") {
        Some("uses an extension of git's format")
    } else {
        None
    }
}

fn canonical(path: &Path) -> Result<PathBuf, GitError> {
    path.canonicalize().map_err(GitError::io("find", path))
}

fn repo_name(top: &Path) -> String {
    let name_of = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let own = name_of(top).unwrap_or_else(|| "repository".to_owned());
    if own.starts_with('.') {
        return top.parent().and_then(name_of).unwrap_or(own);
    }
    own.strip_suffix(".git").unwrap_or(&own).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_called_after_its_folder() {
        assert_eq!(repo_name(Path::new("/home/me/shop")), "shop");
        assert_eq!(repo_name(Path::new("/srv/shop.git")), "shop");
        assert_eq!(repo_name(Path::new("/home/me/shop/.bare")), "shop");
        assert_eq!(repo_name(Path::new("/home/me/shop/.git")), "shop");
    }
}
