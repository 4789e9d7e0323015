//! One supervisor per repository: a lock that the kernel drops with its process.
//!
//! The lock is on the repository's own folder, which nobody removes by mistake, and on the file `lock` in orch's
//! folder. The holder writes its name into that file, and file systems that cannot lock folders can still lock the
//! file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{JournalError, OrchDir};

/// A process that only checks the lock holds it shared for an instant. Only a process that keeps the lock longer drives
/// the repository.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long to wait for the lock of a process that is gone. A child that the holder was starting when it was killed
/// keeps the lock until the child has started, which may take long on a busy machine.
const GONE: Duration = Duration::from_secs(10);

/// Proof that this process drives the repository. The kernel drops the lock with the process, however the process ends.
#[derive(Debug)]
pub struct RepositoryLock {
    _folder: Option<File>,
    _file: File,
}

/// The holder of the lock, as recorded by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The holder's process id.
    pub pid: u32,
    /// The holder's command: `up` or `merge`. Empty when the command cannot be found out.
    pub doing: String,
}

impl RepositoryLock {
    /// Takes the lock. The inner error is the holder, when another process has the lock (`None` when the holder has
    /// written no name yet).
    ///
    /// # Errors
    ///
    /// When the lock file cannot be made or opened.
    pub fn take(dir: &OrchDir, doing: &str) -> Result<Result<Self, Option<Holder>>, JournalError> {
        std::fs::create_dir_all(dir.path()).map_err(failed(dir.path()))?;
        let began = Instant::now();
        loop {
            if let Some(mut lock) = Self::try_take(dir)? {
                let holder = Holder {
                    pid: std::process::id(),
                    doing: doing.to_owned(),
                };
                let note = serde_json::json!(holder).to_string();
                let file = &mut lock._file;
                file.set_len(0)
                    .and_then(|()| file.write_all(note.as_bytes()))
                    .map_err(failed(&dir.lock()))?;
                return Ok(Ok(lock));
            }
            let holder = find_holder(dir);
            if began.elapsed() > patience(holder.as_ref()) {
                return Ok(Err(holder));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Tries the folder first, because whoever has the folder has the lock. `None` when somebody else has the folder or
    /// the file.
    fn try_take(dir: &OrchDir) -> Result<Option<Self>, JournalError> {
        let folder = match folder_of(dir).map(|folder| (folder.try_lock(), folder)) {
            Some((Ok(()), folder)) => Some(folder),
            Some((Err(TryLockError::WouldBlock), _)) => return Ok(None),
            Some((Err(TryLockError::Error(_)), _)) | None => None,
        };
        let path = dir.lock();
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(failed(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self {
                _folder: folder,
                _file: file,
            })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(failed(&path)(source)),
        }
    }

    /// The present holder of the lock; `None` when nobody holds it.
    ///
    /// # Errors
    ///
    /// When the lock file exists and cannot be opened.
    pub fn holder(dir: &OrchDir) -> Result<Option<Option<Holder>>, JournalError> {
        let began = Instant::now();
        while is_held(dir)? {
            let holder = find_holder(dir);
            if began.elapsed() > patience(holder.as_ref()).saturating_sub(PATIENCE) {
                return Ok(Some(holder));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(None)
    }
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> JournalError {
    let path = path.to_owned();
    |source| JournalError::Open { path, source }
}

/// The repository's own folder; `None` when it cannot be opened.
fn folder_of(dir: &OrchDir) -> Option<File> {
    File::open(dir.path().parent()?).ok()
}

/// True while another open file has locked the folder or the file exclusively.
fn is_held(dir: &OrchDir) -> Result<bool, JournalError> {
    if let Some(folder) = folder_of(dir)
        && matches!(folder.try_lock_shared(), Err(TryLockError::WouldBlock))
    {
        return Ok(true);
    }
    let path = dir.lock();
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(source) => return Err(failed(&path)(source)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(source)) => Err(failed(&path)(source)),
    }
}

impl Holder {
    /// False when the holder's process is certainly gone.
    fn is_alive(&self) -> bool {
        let pid = i32::try_from(self.pid)
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        pid.is_none_or(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
    }
}

/// How long to wait for a lock that `holder` seems to hold.
fn patience(holder: Option<&Holder>) -> Duration {
    match holder {
        Some(holder) if !holder.is_alive() => GONE,
        _ => PATIENCE,
    }
}

/// How often the kernel's list of locks is read. The list comes in pieces, and an entry is missed when others come and
/// go in between.
const LOOKS: u32 = 8;

/// The holder by its own record. When somebody has removed the record, the holder by the kernel's list of locks.
fn find_holder(dir: &OrchDir) -> Option<Holder> {
    let text = std::fs::read_to_string(dir.lock()).unwrap_or_default();
    let noted = serde_json::from_str(&text).ok();
    noted.or_else(|| {
        let folder = folder_of(dir)?.metadata().ok()?;
        let pid = (0..LOOKS).find_map(|_| {
            let locks = std::fs::read_to_string("/proc/locks").ok()?;
            owner_of(&locks, folder.ino())
        })?;
        Some(Holder {
            pid,
            doing: command_of(pid),
        })
    })
}

/// The process that has locked an inode exclusively by `flock`, from `/proc/locks`: number, kind, sort, mode, process,
/// and `MAJOR:MINOR:INODE`. The device is not compared, because some file systems show another device there than in
/// `stat`.
fn owner_of(locks: &str, inode: u64) -> Option<u32> {
    locks.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, "FLOCK", _, "WRITE", pid, file, ..] = fields[..] else {
            return None;
        };
        let of = file.rsplit(':').next()?.parse::<u64>().ok()?;
        let pid = pid.parse().ok()?;
        (of == inode && pid != 0).then_some(pid)
    })
}

/// The command of an `orch` process; empty when its command line does not show the command.
fn command_of(pid: u32) -> String {
    const DRIVING: &[&str] = &["up", "merge", "revert", "doctor", "down", "clean"];
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut words = line
        .split(|byte| *byte == 0)
        .filter_map(|word| std::str::from_utf8(word).ok());
    let found = words.find(|word| DRIVING.contains(word));
    found.unwrap_or_default().to_owned()
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
    fn the_lock_is_kept_and_its_holder_known_when_somebody_removes_all_that_is_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let dir = OrchDir::new(folder.path());
        let lock = RepositoryLock::take(&dir, "up").unwrap().unwrap();
        for _ in 0..2 {
            std::fs::remove_dir_all(dir.path()).unwrap();
            let holder = RepositoryLock::holder(&dir).unwrap().unwrap().unwrap();
            assert_eq!(holder.pid, std::process::id());
            let refused = RepositoryLock::take(&dir, "merge").unwrap().unwrap_err();
            assert_eq!(refused.unwrap().pid, std::process::id());
        }
        drop(lock);
        // A process that another test has just forked holds the lock until it becomes its program.
        let dropped = Instant::now();
        while let Some(holder) = RepositoryLock::holder(&dir).unwrap() {
            assert!(dropped.elapsed() < Duration::from_secs(10), "{holder:?}");
        }
        assert!(RepositoryLock::take(&dir, "merge").unwrap().is_ok());
    }

    #[test]
    fn an_orch_that_locks_the_file_alone_keeps_others_out_too() {
        let folder = tempfile::tempdir().unwrap();
        let dir = OrchDir::new(folder.path());
        std::fs::create_dir_all(dir.path()).unwrap();
        let older = File::create(dir.lock()).unwrap();
        older.lock().unwrap();
        assert!(RepositoryLock::take(&dir, "up").unwrap().is_err());
        assert!(RepositoryLock::holder(&dir).unwrap().is_some());
        drop(older);
        assert!(RepositoryLock::take(&dir, "up").unwrap().is_ok());
    }

    #[test]
    fn the_owner_of_a_lock_is_found_in_what_the_kernel_tells() {
        let locks = "1: POSIX  ADVISORY  WRITE 7 08:01:42 0 EOF\n2: FLOCK  ADVISORY  READ 8 08:01:42 0 EOF\n\
                     3: -> FLOCK  ADVISORY  WRITE 9 08:01:42 0 EOF\n4: FLOCK  ADVISORY  WRITE 10 00:1f:42 0 EOF\n\
                     5: FLOCK  ADVISORY  WRITE 11 08:01:43 0 EOF\n";
        assert_eq!(owner_of(locks, 42), Some(10));
        assert_eq!(owner_of(locks, 44), None);
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
