//! The lock of a checkout's index, held while the checkout's branch moves.
//!
//! Git locks the index, moves the checkout and releases the lock within one command. Here the ref moves in between. So
//! orch takes the lock as git does, by creating `index.lock`. Git works on a copy of the index beside it, and the copy
//! then replaces the index. Orch keeps the lock until every git command that read HEAD or the index before the move has
//! ended. Such a command refuses to write while the lock exists; after the release it would write the old state that it
//! read.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::land_refusal::LandRefusal;
use super::stale_lock;
use crate::git::files::error::GitError;
use crate::git::files::git_process::{is_changing, wait_for_readers, wait_while_changing};
use crate::git::program::command::Git;
use crate::git::state::inspect::git_dir;

const PAUSE: Duration = Duration::from_millis(10);

/// The name of the copy, beside the index.
const COPY: &str = "index.orch";

/// See the module. Dropping the lock leaves the index as it was.
pub(in crate::git) struct IndexLock {
    checkout: PathBuf,
    index: PathBuf,
    lock: PathBuf,
    /// The copy that git works on.
    copy: PathBuf,
    /// Open for as long as the lock is held: an open file tells others that the lock has a holder.
    open: File,
}

impl IndexLock {
    /// Locks a checkout's index. Waits up to `patience` for a git command that holds the index, and removes the lock of
    /// a dead git command.
    ///
    /// # Errors
    ///
    /// When another command keeps the index for longer, or the lock cannot be written.
    pub(in crate::git) fn take(checkout: &Path, patience: Duration) -> Result<Self, LandRefusal> {
        let admin_dir = git_dir(checkout)?;
        let (index, lock, copy) = (
            admin_dir.join("index"),
            admin_dir.join("index.lock"),
            admin_dir.join(COPY),
        );
        let until = Instant::now() + patience;
        let held = || LandRefusal::Locked {
            path: checkout.to_owned(),
            lock: lock.clone(),
        };
        let mut quiet = wait_while_changing(checkout);
        let open = loop {
            match OpenOptions::new().write(true).create_new(true).open(&lock) {
                // While this lock is held, no git command can begin to change anything.
                Ok(open) if !quiet || !is_changing(checkout) => break open,
                Ok(_) => {
                    fs::remove_file(&lock).map_err(GitError::io("remove", &lock))?;
                    quiet = wait_while_changing(checkout);
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(GitError::io("make", &lock)(error).into()),
            }
            if Instant::now() > until || stale_lock::clear_index(&admin_dir).is_err() {
                return Err(held());
            }
            thread::sleep(PAUSE);
        };
        let taken = Self {
            checkout: checkout.to_owned(),
            index,
            lock,
            copy,
            open,
        };
        taken.renew()?;
        Ok(taken)
    }

    /// True when a lock was not released: the copy, which only orch makes, still exists.
    pub(in crate::git) fn is_left(checkout: &Path) -> bool {
        git_dir(checkout).is_ok_and(|admin_dir| admin_dir.join(COPY).exists())
    }

    /// Makes git start from the index as it is.
    ///
    /// # Errors
    ///
    /// When the index cannot be copied.
    pub(in crate::git) fn renew(&self) -> Result<(), GitError> {
        // Only the holder of the lock makes these files.
        self.remove_copy();
        match self.make_copy() {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(GitError::io("copy", &self.index)(error))
            }
            _ => Ok(()),
        }
    }

    /// Gives the copy the modification time of the index. By this time git decides which files may have changed without
    /// a new modification time of their own.
    fn make_copy(&self) -> std::io::Result<()> {
        let written = fs::metadata(&self.index)?.modified()?;
        fs::copy(&self.index, &self.copy)?;
        File::options()
            .write(true)
            .open(&self.copy)?
            .set_modified(written)
    }

    /// True for the checkout whose index this locks.
    pub(in crate::git) fn is_of(&self, checkout: &Path) -> bool {
        self.checkout == checkout
    }

    /// The checkout whose index this locks.
    pub(in crate::git) fn checkout(&self) -> &Path {
        &self.checkout
    }

    /// A git command in the checkout that reads and writes the future index.
    pub(in crate::git) fn git(&self) -> Git {
        // Git takes a missing index file for an empty index.
        if !self.copy.exists() {
            let _ = self.make_copy();
        }
        Git::within(&self.checkout).env("GIT_INDEX_FILE", &self.copy)
    }

    /// Replaces the index with the copy that git has written.
    ///
    /// # Errors
    ///
    /// When a file cannot be moved. The index is then unchanged.
    pub(in crate::git) fn publish(&self) -> Result<(), GitError> {
        fs::rename(&self.copy, &self.index).map_err(GitError::io("move", &self.copy))
    }

    /// Releases the locks of checkouts that have moved.
    pub(in crate::git) fn release_all(locks: Vec<Self>) {
        for lock in locks {
            wait_for_readers(&lock.checkout);
        }
    }

    fn remove_copy(&self) {
        let _ = fs::remove_file(&self.copy);
        let _ = fs::remove_file(self.copy.with_extension("orch.lock"));
    }
}

impl Drop for IndexLock {
    fn drop(&mut self) {
        // A person may have removed the lock file, and another git command may have made a new one with the same name.
        if let (Ok(own), Ok(found)) = (self.open.metadata(), fs::symlink_metadata(&self.lock)) {
            use std::os::unix::fs::MetadataExt;
            if (own.dev(), own.ino()) == (found.dev(), found.ino()) {
                self.remove_copy();
                let _ = fs::remove_file(&self.lock);
            }
        }
    }
}
