//! The one lock around every change to git's worktree administration.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{FlockOperation, flock};

use crate::git::files::error::GitError;
use crate::git::files::pipes::remove_pipes_of_all;
use crate::git::repo::repository::Repository;

/// Makes, repairs and removes worktrees of one repository.
///
/// Concurrent `git worktree add` often fails (a race for `config.lock` and another for `commondir`), so all changes
/// wait for one lock: a mutex between threads, and between processes an advisory lock on `orch/worktrees.lock` in the
/// common directory. The kernel drops the advisory lock when its holder dies. Git commands started under the lock hold
/// it too, so the lock of a killed orch lasts until its last git command has ended. Filling a worktree with files needs
/// no lock.
#[derive(Debug)]
pub struct WorktreeAdmin {
    pub(in crate::git) repo: Repository,
    home: PathBuf,
    threads: Mutex<()>,
}

/// The proof that the lock is held. Functions that change the administration take it as an argument.
#[derive(Debug)]
pub struct AdminLock<'a> {
    // The fields are dropped in this order: other processes get the lock before other threads.
    processes: File,
    _threads: MutexGuard<'a, ()>,
}

/// The proof that only this process works on one worktree. Other worktrees are not blocked.
#[derive(Debug)]
pub(in crate::git) struct KeyLock {
    file: File,
}

impl AdminLock<'_> {
    /// The lock that a git command holds while it changes the administration.
    pub(in crate::git) fn file(&self) -> &File {
        &self.processes
    }
}

impl KeyLock {
    /// The lock that a git command holds while it fills the worktree.
    pub(in crate::git) fn file(&self) -> &File {
        &self.file
    }
}

impl WorktreeAdmin {
    /// The administration of a repository. Touches nothing yet.
    pub fn new(repo: &Repository) -> Self {
        Self {
            home: repo.common_dir().join("orch"),
            repo: repo.clone(),
            threads: Mutex::new(()),
        }
    }

    /// Waits for the lock and takes it.
    pub fn lock(&self) -> Result<AdminLock<'_>, GitError> {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let file = locked_file(&self.home, "worktrees.lock")?;
        remove_pipes_of_all(self.repo.common_dir())?;
        Ok(AdminLock {
            processes: file,
            _threads: threads,
        })
    }

    /// Waits until no other thread or process works on the worktree with this key.
    pub(in crate::git) fn lock_key(&self, key: &str) -> Result<KeyLock, GitError> {
        let file = locked_file(&self.record_dir(), &format!("{key}.lock"))?;
        Ok(KeyLock { file })
    }

    pub(in crate::git) fn record_dir(&self) -> PathBuf {
        self.home.join("worktrees")
    }
}

fn locked_file(folder: &Path, name: &str) -> Result<File, GitError> {
    fs::create_dir_all(folder).map_err(GitError::io("create the folder", folder))?;
    let path = folder.join(name);
    let file = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .map_err(GitError::io("open the lock", &path))?;
    rustix::io::retry_on_intr(|| flock(&file, FlockOperation::LockExclusive))
        .map_err(|errno| GitError::io("lock", &path)(errno.into()))?;
    Ok(file)
}
