//! How far the journal has reached the disk.
//!
//! A commit writes to SQLite's log without waiting for the disk (`synchronous = NORMAL`). A caller that needs its
//! entries on the disk waits for that here, while everything else continues. One `fdatasync` of the log covers
//! everything that was written before it began (group commit). After a power cut, SQLite's log is whole up to the last
//! synced commit, and SQLite itself syncs what a checkpoint moves out of the log; see
//! <https://www.sqlite.org/wal.html>.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::failpoint;

use super::JournalError;

/// The log of one open database.
#[derive(Debug)]
pub(super) struct OnDisk {
    log: PathBuf,
    /// The number of the last committed entry.
    committed: AtomicI64,
    reached: Mutex<Reached>,
}

#[derive(Debug)]
struct Reached {
    file: Option<File>,
    /// The number of the last entry that is known to be on the disk.
    synced: i64,
    /// Why a sync failed. The disk is not asked again, because a later success says nothing about the earlier writes.
    failed: Option<WriteFailure>,
}

/// An error that can be returned more than once.
#[derive(Debug, Clone, Copy)]
struct WriteFailure(io::ErrorKind, Option<i32>);

impl WriteFailure {
    fn of(error: &io::Error) -> Self {
        Self(error.kind(), error.raw_os_error())
    }

    fn error(self) -> io::Error {
        let Self(kind, number) = self;
        number.map_or_else(|| kind.into(), io::Error::from_raw_os_error)
    }
}

impl OnDisk {
    /// The log of the database at this path, whose entries up to `synced` are on the disk.
    pub(super) fn of(database: &Path, synced: i64) -> Self {
        let mut log = OsString::from(database);
        log.push("-wal");
        let log = PathBuf::from(log);
        Self {
            committed: AtomicI64::new(synced),
            reached: Mutex::new(Reached {
                // Open from now on, so that no error of writing the log goes unseen.
                file: File::open(&log).ok(),
                synced,
                failed: None,
            }),
            log,
        }
    }

    /// Records the number of the last committed entry.
    pub(super) fn note(&self, last: i64) {
        self.committed.store(last, Ordering::Release);
    }

    fn reach(&self, entry: i64) -> io::Result<()> {
        let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = reached.failed {
            return Err(why.error());
        }
        if reached.synced >= entry {
            return Ok(());
        }
        let committed = self.committed.load(Ordering::Acquire);
        let synced = reached.sync(&self.log);
        match &synced {
            Ok(()) => reached.synced = committed,
            Err(why) => reached.failed = Some(WriteFailure::of(why)),
        }
        synced
    }
}

impl Reached {
    fn sync(&mut self, log: &Path) -> io::Result<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => File::open(log)?,
        };
        failpoint::around("journal.sync", || file.sync_data())?;
        self.file = Some(file);
        Ok(())
    }
}

/// A position in the journal that a caller can wait for.
#[derive(Debug, Clone)]
pub struct Mark {
    pub(super) on_disk: Arc<OnDisk>,
    pub(super) entry: i64,
}

impl Mark {
    /// Waits until everything up to this position would survive a power cut. Blocks.
    ///
    /// # Errors
    ///
    /// When the disk does not accept the entries, now or at an earlier call.
    pub fn reach(&self) -> Result<(), JournalError> {
        self.on_disk
            .reach(self.entry)
            .map_err(|source| JournalError::Sync {
                path: self.on_disk.log.clone(),
                source,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(on_disk: &Arc<OnDisk>, entry: i64) -> Mark {
        Mark {
            on_disk: on_disk.clone(),
            entry,
        }
    }

    #[test]
    fn one_sync_takes_all_along_that_was_committed_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("db");
        std::fs::write(folder.path().join("db-wal"), "log").unwrap();
        let on_disk = Arc::new(OnDisk::of(&database, 2));
        on_disk.note(5);
        mark(&on_disk, 4).reach().unwrap();
        assert_eq!(on_disk.reached.lock().unwrap().synced, 5);
        on_disk.note(6);
        mark(&on_disk, 5).reach().unwrap();
        assert_eq!(on_disk.reached.lock().unwrap().synced, 5);
    }

    #[test]
    fn a_disk_that_once_failed_is_not_believed_again() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("db");
        let on_disk = Arc::new(OnDisk::of(&database, 0));
        on_disk.note(1);
        for _ in 0..2 {
            let why = mark(&on_disk, 1).reach().unwrap_err().to_string();
            assert!(why.contains("db-wal") && why.contains("(os error 2)"), "{why}");
        }
        std::fs::write(folder.path().join("db-wal"), "log").unwrap();
        mark(&on_disk, 1).reach().unwrap_err();
        mark(&on_disk, 0).reach().unwrap_err();
    }
}
