//! The folder of a job.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failpoint;
use crate::schedule::{Exit, Facts};

use crate::agent::jobs::away::Away;
use crate::agent::jobs::error::AgentError;
use crate::agent::jobs::exit_record::ExitRecord;
use crate::agent::jobs::job::Job;
use crate::agent::jobs::process::ProcessId;

/// How long a mere check may hold the lock.
const PATIENCE: Duration = Duration::from_secs(1);

/// Bytes reserved for the exit record.
const RESERVE: usize = 2048;

/// The folder of one attempt or verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFolder(PathBuf);

/// `running.json`: written by the runner before it starts the command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Running {
    /// The runner.
    pub runner: ProcessId,
    /// When the runner began.
    pub started_at: Timestamp,
}

/// The state of the job, as its folder shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    /// Nothing was started in the folder.
    Unstarted,
    /// A runner is at work. The record is there as soon as the command was started.
    Running(Option<Running>),
    /// The job ended and recorded how.
    Ended(ExitRecord),
    /// The job had started, and its runner died without writing an exit record.
    Lost(Running),
    /// The job was handed over to another machine and has not come back.
    Away(Box<Away>),
}

impl JobFolder {
    /// The folder at this path. Creates nothing.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The path without symbolic links, by which the job's processes are identified.
    pub(in crate::agent) fn unique_path(&self) -> PathBuf {
        self.0.canonicalize().unwrap_or_else(|_| self.0.clone())
    }

    /// The job's log.
    pub fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    /// The prompt.
    pub fn prompt(&self) -> PathBuf {
        self.0.join("prompt.md")
    }

    /// Removes the files of any earlier job and writes the prompt and the job. Returns the folder's lock.
    ///
    /// # Errors
    ///
    /// When a runner is at work in the folder, or a file cannot be written.
    pub fn prepare(&self, job: &Job, prompt: Option<&str>) -> Result<File, AgentError> {
        let made = self.make()?;
        let lock = self.lock_patiently()?;
        let earlier = [
            "away.json",
            "payload.json",
            "running.json",
            "exit.json",
            "exit.reserve",
            "facts.json",
            "log",
            "log.1",
        ];
        for name in earlier.into_iter().filter(|_| !made) {
            let path = self.0.join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(AgentError::file("remove", path)(error));
                }
                _ => {}
            }
        }
        if let Some(prompt) = prompt {
            write_new(&self.prompt(), prompt.as_bytes())?;
        }
        self.write("attempt.json", job)?;
        Ok(lock)
    }

    /// Creates the folder. True when the folder did not exist.
    fn make(&self) -> Result<bool, AgentError> {
        let make = |all| fs::DirBuilder::new().recursive(all).mode(0o700).create(&self.0);
        match make(false) {
            Ok(()) => Ok(true),
            // The folder exists, or its parent does not.
            Err(_) => make(true)
                .map(|()| false)
                .map_err(AgentError::file("make", &self.0)),
        }
    }

    /// Removes temporary files of a killed runner: nobody will rename them.
    pub fn tidy(&self) {
        let files = fs::read_dir(&self.0).into_iter().flatten().flatten();
        let files = files.map(|entry| entry.path());
        for part in files.filter(|file| file.extension().is_some_and(|extension| extension == "new")) {
            let _ = fs::remove_file(part);
        }
    }

    /// Takes the folder's lock. A check for a running runner holds the lock for a moment, so taking the lock is retried for a
    /// while before it counts as taken.
    fn lock_patiently(&self) -> Result<File, AgentError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lock()? {
                Some(lock) => return Ok(lock),
                None if Instant::now() > deadline => return Err(AgentError::Busy(self.0.clone())),
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    /// True while a runner is at work in the folder. The check takes a shared lock for an instant, so that two checks do not
    /// take each other for a runner.
    fn is_locked(&self) -> Result<bool, AgentError> {
        let path = self.0.join("lock");
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(AgentError::file("open", path)(error)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(fs::TryLockError::WouldBlock) => Ok(true),
            Err(fs::TryLockError::Error(error)) => Err(AgentError::file("lock", path)(error)),
        }
    }

    /// Takes the folder's lock. `None` when a runner holds the lock.
    pub(in crate::agent) fn lock(&self) -> Result<Option<File>, AgentError> {
        let path = self.0.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(AgentError::file("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(AgentError::file("lock", path)(error)),
        }
    }

    /// Reads the job.
    ///
    /// # Errors
    ///
    /// When the job cannot be read or is damaged.
    pub fn job(&self) -> Result<Job, AgentError> {
        self.read("attempt.json")?.ok_or_else(|| {
            AgentError::file("read", self.0.join("attempt.json"))(std::io::ErrorKind::NotFound.into())
        })
    }

    /// Returns the state of the job.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn state(&self) -> Result<JobState, AgentError> {
        if !self.0.is_dir() {
            return Ok(JobState::Unstarted);
        }
        // The lock is checked first: an exit record written after the check is seen the next time.
        let alive = self.is_locked()?;
        if let Ok(Some(record)) = self.read::<ExitRecord>("exit.json") {
            return Ok(JobState::Ended(record));
        }
        if let Some(away) = self.away()? {
            return Ok(JobState::Away(Box::new(away)));
        }
        let running = self.read::<Running>("running.json").unwrap_or_default();
        Ok(match (alive, running) {
            (true, running) => JobState::Running(running),
            (false, Some(running)) => JobState::Lost(running),
            (false, None) => JobState::Unstarted,
        })
    }

    /// The exit record of the job. `None` while the job has not ended.
    ///
    /// # Errors
    ///
    /// When the record cannot be read or is damaged.
    pub fn exit(&self) -> Result<Option<ExitRecord>, AgentError> {
        self.read("exit.json")
    }

    /// The record of the hand-over to another machine. `None` when the job was not handed over.
    ///
    /// # Errors
    ///
    /// When the record cannot be read: another machine may be at work on the job, so the job must not be started.
    pub fn away(&self) -> Result<Option<Away>, AgentError> {
        self.read("away.json")
    }

    /// Writes or updates the record of the hand-over.
    ///
    /// # Errors
    ///
    /// When the record cannot be written.
    pub fn note_away(&self, away: &Away) -> Result<(), AgentError> {
        self.write("away.json", away)?;
        // Synced: otherwise the job would be handed over again after a power failure.
        let sync = |path: &Path| File::open(path).and_then(|file| file.sync_all());
        sync(&self.0.join("away.json"))
            .and_then(|()| sync(&self.0))
            .map_err(AgentError::file("write", self.0.join("away.json")))
    }

    /// Writes the payload that a node needs to run the job.
    ///
    /// # Errors
    ///
    /// When the payload cannot be written.
    pub fn write_payload(&self, line: &str) -> Result<(), AgentError> {
        let path = self.payload();
        write_new(&path, line.as_bytes())
    }

    /// The payload that a node needs to run the job: one line of JSON.
    pub fn payload(&self) -> PathBuf {
        self.0.join("payload.json")
    }

    /// Writes a file that came back from a node.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write_back(&self, name: &str, bytes: &[u8]) -> Result<(), AgentError> {
        write_new(&self.0.join(name), bytes)
    }

    /// Writes the exit record of a job that ran elsewhere. The last file that comes back.
    ///
    /// # Errors
    ///
    /// When the record cannot be written.
    pub fn come_back(&self, record: &ExitRecord) -> Result<(), AgentError> {
        self.write("exit.json", record)
    }

    /// Why a job on another machine ended, when its agent did not end by itself.
    pub fn far_end(&self) -> Option<Box<str>> {
        Some(self.away().ok()??.why?.into())
    }

    /// The facts read from the job's output so far. `None` when nobody recorded any.
    pub fn facts(&self) -> Option<Facts> {
        self.read("facts.json").ok().flatten()
    }

    pub(in crate::agent) fn write(&self, name: &str, value: &impl Serialize) -> Result<(), AgentError> {
        let path = self.0.join(name);
        let text = serde_json::to_vec_pretty(value).map_err(|source| AgentError::Damaged {
            path: path.clone(),
            source,
        })?;
        write_new(&path, &text)
    }

    /// Reserves space for the exit record, so that it can be written even when the disk is full at the end.
    pub(in crate::agent) fn reserve_exit(&self) -> Result<(), AgentError> {
        write_new(&self.0.join("exit.reserve"), &[b' '; RESERVE])
    }

    /// Writes the exit record into the reserved space.
    pub(in crate::agent) fn write_exit(&self, record: &ExitRecord) -> Result<(), AgentError> {
        let (reserve, path) = (self.0.join("exit.reserve"), self.0.join("exit.json"));
        let text = serde_json::to_vec_pretty(record).map_err(|source| AgentError::Damaged {
            path: path.clone(),
            source,
        })?;
        let write = || -> std::io::Result<()> {
            // Overwritten in place, which needs no new space; white space after JSON is still JSON.
            let mut file = OpenOptions::new().write(true).open(&reserve)?;
            file.write_all(&text)?;
            if let Some(rest) = RESERVE.checked_sub(text.len()) {
                file.write_all(&vec![b' '; rest])?;
            }
            failpoint::around("job.exit", || fs::rename(&reserve, &path))
        };
        write().map_err(AgentError::file("write", path))
    }

    /// Writes and returns the exit record for a killed runner, once no process of its job is left.
    pub(in crate::agent) fn write_exit_of_killed(
        &self,
        running: Running,
        exit: Exit,
    ) -> Result<ExitRecord, AgentError> {
        let record = ExitRecord {
            schema: 1,
            exit,
            started_at: running.started_at,
            ended_at: Timestamp::now(),
            output_bytes: fs::metadata(self.log()).map_or(0, |log| log.len()),
            left_behind: 0,
        };
        self.write_exit(&record)?;
        Ok(record)
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, AgentError> {
        let path = self.0.join(name);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(AgentError::file("read", path)(error)),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|source| AgentError::Damaged { path, source })
    }
}

/// Writes a file completely or not at all, readable by its owner only.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), AgentError> {
    let temporary = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(bytes)?;
        failpoint::around("job.file", || fs::rename(&temporary, path))
    };
    // A partial file, as on a full disk, is of no use.
    let written = write().inspect_err(|_| drop(fs::remove_file(&temporary)));
    written.map_err(AgentError::file("write", path))
}
