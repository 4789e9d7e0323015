//! The lock of a person who takes the place of a plan's agent, one person at a time. The kernel drops the lock with its
//! process.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::OrchDir;
use crate::plan::PlanName;

/// A supervisor that checks whether the lock is free holds it shared for an instant.
const PATIENCE: Duration = Duration::from_millis(500);

/// Proof that this process is attached to the plan. The kernel drops the lock with the process, however the process
/// ends.
#[derive(Debug)]
pub struct AttachLock {
    _file: File,
}

impl AttachLock {
    /// Takes the lock of a plan. The inner error is the id of the process that holds the lock (`None` when the process
    /// has not written its id yet).
    ///
    /// # Errors
    ///
    /// When the lock file cannot be made or opened.
    pub fn take(dir: &OrchDir, plan: &PlanName) -> io::Result<Result<Self, Option<u32>>> {
        let folder = dir.attached(plan);
        fs::create_dir_all(&folder)?;
        let path = folder.join(LOCK);
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if began.elapsed() > PATIENCE => {
                    let holder = fs::read_to_string(&path).unwrap_or_default();
                    return Ok(Err(holder.trim().parse().ok()));
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(2)),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        file.set_len(0)?;
        file.write_all(std::process::id().to_string().as_bytes())?;
        Ok(Ok(Self { _file: file }))
    }

    /// Waits until nobody holds the lock of the plan. Nobody can take the lock while the result lives. A missing lock
    /// file means that nobody holds the lock.
    ///
    /// # Errors
    ///
    /// When the file system does not support locks.
    pub fn wait(dir: &OrchDir, plan: &PlanName) -> io::Result<Option<Self>> {
        match File::open(dir.attached(plan).join(LOCK)) {
            Ok(file) => file.lock_shared().map(|()| Some(Self { _file: file })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

const LOCK: &str = "lock";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_it_at_a_time_and_who_waits_hears_of_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let (dir, plan) = (OrchDir::at(folder.path()), "p".parse().unwrap());
        let first = AttachLock::take(&dir, &plan).unwrap().unwrap();
        let second = AttachLock::take(&dir, &plan).unwrap();
        assert_eq!(second.err(), Some(Some(std::process::id())));
        drop(first);
        drop(AttachLock::wait(&dir, &plan).unwrap());
        assert!(AttachLock::take(&dir, &plan).unwrap().is_ok());
    }
}
