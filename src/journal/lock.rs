//! One supervisor per repository: a lock that the kernel drops with its process.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{JournalError, OrchDir};

/// Whoever looks whether somebody holds the lock has it shared for an instant. Only one who keeps it longer drives.
const PATIENCE: Duration = Duration::from_millis(250);

/// A child that a holder was just starting when it was killed has the lock until it is started, which may last on a machine
/// that is busy.
const GONE: Duration = Duration::from_secs(10);

/// Proof that this process drives the repository. Dropped with the process, however it ends.
#[derive(Debug)]
pub struct RepositoryLock {
    _file: File,
}

/// Who holds the lock, as it wrote itself down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// What it does: `up` or `merge`.
    pub doing: String,
}

impl RepositoryLock {
    /// Takes the lock. The inner error is the holder, when another process has it (none when it wrote no name yet).
    ///
    /// # Errors
    ///
    /// When the lock file cannot be made or opened.
    pub fn take(dir: &OrchDir, doing: &str) -> Result<Result<Self, Option<Holder>>, JournalError> {
        let path = dir.lock();
        let failed = |source| JournalError::Open {
            path: path.clone(),
            source,
        };
        std::fs::create_dir_all(dir.path()).map_err(|source| JournalError::Open {
            path: dir.path().to_owned(),
            source,
        })?;
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(std::fs::TryLockError::WouldBlock) => {
                    let holder = read_holder(&mut file);
                    if began.elapsed() > patience(holder.as_ref()) {
                        return Ok(Err(holder));
                    }
                    std::thread::sleep(Duration::from_millis(2));
                }
                Err(std::fs::TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
        let holder = Holder {
            pid: std::process::id(),
            doing: doing.to_owned(),
        };
        file.set_len(0).map_err(failed)?;
        file.write_all(serde_json::json!(holder).to_string().as_bytes())
            .map_err(failed)?;
        Ok(Ok(Self { _file: file }))
    }

    /// Who holds the lock now; none when nobody does.
    ///
    /// # Errors
    ///
    /// When the lock file is there and cannot be opened.
    pub fn holder(dir: &OrchDir) -> Result<Option<Option<Holder>>, JournalError> {
        let path = dir.lock();
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(JournalError::Open { path, source }),
        };
        let began = Instant::now();
        loop {
            match file.try_lock_shared() {
                Ok(()) => return Ok(None),
                Err(std::fs::TryLockError::WouldBlock) => {
                    let holder = read_holder(&mut file);
                    if began.elapsed() > patience(holder.as_ref()).saturating_sub(PATIENCE) {
                        return Ok(Some(holder));
                    }
                    std::thread::sleep(Duration::from_millis(2));
                }
                Err(std::fs::TryLockError::Error(source)) => {
                    return Err(JournalError::Open { path, source });
                }
            }
        }
    }
}

impl Holder {
    /// False when its process is certainly gone.
    fn is_alive(&self) -> bool {
        let pid = i32::try_from(self.pid)
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        pid.is_none_or(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
    }
}

/// For how long a lock is waited for that this one seems to hold.
fn patience(holder: Option<&Holder>) -> Duration {
    match holder {
        Some(holder) if !holder.is_alive() => GONE,
        _ => PATIENCE,
    }
}

fn read_holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_only_look_never_keep_a_taker_out() {
        let folder = tempfile::tempdir().unwrap();
        let dir = OrchDir::new(folder.path());
        drop(RepositoryLock::take(&dir, "up").unwrap().unwrap());
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    RepositoryLock::holder(&dir).unwrap();
                }
            });
            for _ in 0..200 {
                assert!(RepositoryLock::take(&dir, "up").unwrap().is_ok());
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    }

    #[test]
    fn a_lock_that_outlives_its_holder_for_an_instant_is_held_by_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let dir = OrchDir::new(folder.path());
        drop(RepositoryLock::take(&dir, "up").unwrap().unwrap());
        let mut gone = std::process::Command::new("true").spawn().unwrap();
        gone.wait().unwrap();
        let note = serde_json::json!({ "pid": gone.id(), "doing": "up" });
        std::fs::write(dir.lock(), note.to_string()).unwrap();
        let inherited = File::open(dir.lock()).unwrap();
        inherited.lock().unwrap();
        assert!(
            RepositoryLock::holder(&dir).unwrap().is_some(),
            "but not for ever"
        );
        std::thread::scope(|scope| {
            let (dir, (sender, looks)) = (&dir, std::sync::mpsc::channel());
            let looker = scope.spawn(move || {
                sender.send(()).unwrap();
                RepositoryLock::holder(dir).unwrap()
            });
            looks.recv().unwrap();
            drop(inherited);
            assert_eq!(looker.join().unwrap(), None);
        });
    }

    #[test]
    fn the_second_taker_learns_who_has_it_and_gets_it_when_it_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let dir = OrchDir::new(folder.path());
        assert!(RepositoryLock::holder(&dir).unwrap().is_none());
        let lock = RepositoryLock::take(&dir, "up").unwrap().unwrap();
        let holder = RepositoryLock::take(&dir, "merge").unwrap().unwrap_err().unwrap();
        assert_eq!((holder.pid, holder.doing.as_str()), (std::process::id(), "up"));
        assert_eq!(RepositoryLock::holder(&dir).unwrap(), Some(Some(holder)));
        drop(lock);
        assert!(RepositoryLock::take(&dir, "merge").unwrap().is_ok());
    }
}
