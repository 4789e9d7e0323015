//! One writer at a time among orch's own processes.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

use crate::status::files::error::StatusError;
use crate::status::files::folder::folder;

/// The longest wait for the lock.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_millis(4);

/// Proof that no other process that uses `orch` changes the worktree's status file.
#[derive(Debug)]
pub(in crate::status) struct Guard {
    _file: File,
}

impl Guard {
    /// Takes `.orch/status.lock`, waiting for other holders. The lock ends with its process, however the process ends.
    pub(in crate::status) fn take(worktree: &Path) -> Result<Self, StatusError> {
        let path = folder(worktree).join("status.lock");
        let (start, mut pause) = (Instant::now(), Duration::from_micros(100));
        loop {
            let file = open(&path)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                // Somebody may have removed the file between opening and locking. Others then lock a new file.
                Ok(()) if is_at(&file, &path) => return Ok(Self { _file: file }),
                Ok(()) => continue,
                Err(Errno::WOULDBLOCK | Errno::INTR) => {}
                Err(error) => return Err(StatusError::file("lock", path)(error.into())),
            }
            let waited = start.elapsed();
            if waited >= PATIENCE {
                return Err(StatusError::Busy { path, waited });
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Opens the lock file. Anything else in its place cannot be locked by anybody, so it is removed.
fn open(path: &Path) -> Result<File, StatusError> {
    let failed = |error| StatusError::file("lock", path)(error);
    let opened = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        // A link or a pipe in its place is not followed or waited for.
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits() as i32)
        .open(path);
    match opened {
        Ok(file) if file.metadata().map_err(failed)?.is_file() => Ok(file),
        Err(error) if fs::symlink_metadata(path).map_or(true, |found| found.is_file()) => Err(failed(error)),
        Ok(_) | Err(_) => {
            put_away(path).map_err(failed)?;
            open(path)
        }
    }
}

/// Removes whatever is in the place of a file. A folder is moved aside, unless an earlier one already was.
fn put_away(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path)?.is_dir() {
        true => fs::rename(path, path.with_extension("aside")),
        false => fs::remove_file(path),
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    let same =
        |held: fs::Metadata, there: fs::Metadata| (held.dev(), held.ino()) == (there.dev(), there.ino());
    let both: io::Result<bool> = file
        .metadata()
        .and_then(|held| Ok(same(held, fs::symlink_metadata(path)?)));
    both.unwrap_or(false)
}
