//! A runner as its supervisor sees it: recognising one that is already at work, stopping it, waiting for the end of its job.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};

use super::channel::{Channel, readable_within};
use super::runner_leash::Leash;
use super::{AgentError, ExitRecord, JobFolder, JobState, ProcessId, extinction};

/// How long a lock may outlive the runner that held it.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked whether a runner that is waited for still answers.
pub const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A runner at work.
#[derive(Debug)]
pub struct Runner {
    folder: JobFolder,
    hold: Hold,
}

/// What a runner at work can be stopped by.
#[derive(Debug, Clone)]
pub struct Hold {
    process: ProcessId,
    /// None where another supervisor started it.
    channel: Option<Arc<Channel>>,
    leash: Arc<Leash>,
}

/// A runner without a job.
#[derive(Debug)]
pub struct SpareRunner {
    pub(super) process: ProcessId,
    pub(super) channel: Arc<Channel>,
}

impl SpareRunner {
    pub(super) fn at_work(self, folder: JobFolder) -> Runner {
        let hold = Hold {
            process: self.process,
            channel: Some(self.channel),
            leash: Arc::new(Leash::of(&folder)),
        };
        Runner { folder, hold }
    }
}

impl Hold {
    /// Its process.
    pub fn process(&self) -> ProcessId {
        self.process
    }

    /// Asks it to end its command: with grace, or at once. Asking again is harmless.
    pub fn stop(&self, now: bool) {
        let heard = self.channel.as_ref().is_some_and(|channel| channel.stop(now));
        if !heard {
            Runner::stop(self.process, now);
        }
        self.process.wake();
        self.leash.shorten(now);
    }
}

impl Runner {
    /// The runner that another supervisor started in this folder; none when none lives there.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn adopt(folder: JobFolder) -> Result<Option<Self>, AgentError> {
        let JobState::Running(Some(running)) = folder.state()? else {
            return Ok(None);
        };
        let hold = Hold {
            process: running.runner,
            channel: None,
            leash: Arc::new(Leash::of(&folder)),
        };
        Ok(Some(Self { folder, hold }))
    }

    /// Its folder.
    pub fn folder(&self) -> &JobFolder {
        &self.folder
    }

    /// Its process.
    pub fn process(&self) -> ProcessId {
        self.hold.process
    }

    /// What it can be stopped by.
    pub fn hold(&self) -> Hold {
        self.hold.clone()
    }

    /// Asks a runner by its process alone to end its command: with grace, or at once. Asking again is harmless. For runners that
    /// get no other job, so that this cannot meet one.
    pub fn stop(process: ProcessId, now: bool) {
        process.signal(if now { Signal::USR1 } else { Signal::TERM });
        process.wake();
    }

    /// Looks whether the runner answers, as whoever waits for it does every [`LOOK_AGAIN`]. One that a signal has suspended goes on, and
    /// true says that this was the first time. One that should have ended its job by now is killed, with all that the job started.
    pub fn look(&self) -> bool {
        self.hold.leash.look(self.hold.process)
    }

    /// What becomes readable when there is nothing left to wait for; none when that is so already.
    ///
    /// # Errors
    ///
    /// When the kernel refuses to tell.
    pub fn end(&self) -> Result<Option<OwnedFd>, AgentError> {
        match &self.hold.channel {
            Some(channel) => channel.as_fd().try_clone_to_owned().map(Some),
            None => end_of(self.hold.process),
        }
        .map_err(AgentError::cannot_wait)
    }

    /// Waits until the job has ended and says what it left; what a runner that was killed left running is ended first.
    /// Blocks. The runner ends too: it may be stopped by its process at any time, and that never meets another job.
    ///
    /// # Errors
    ///
    /// When the kernel refuses to wait, or the folder cannot be read.
    pub fn wait(self) -> Result<JobState, AgentError> {
        self.wait_and_keep().map(|(state, _)| state)
    }

    /// As [`Runner::wait`], and keeps the runner where it can take on another job.
    ///
    /// # Errors
    ///
    /// As [`Runner::wait`].
    pub fn wait_and_keep(self) -> Result<(JobState, Option<SpareRunner>), AgentError> {
        if let Some(end) = self.end()? {
            while !readable_within(end.as_fd(), LOOK_AGAIN).map_err(AgentError::cannot_wait)? {
                self.look();
            }
        }
        let process = self.hold.process;
        let spare = match self.hold.channel {
            Some(channel) => {
                let lives = channel.wait().map_err(AgentError::cannot_wait)?;
                lives.then_some(SpareRunner { process, channel })
            }
            None => None,
        };
        let state = match left(&self.folder)? {
            JobState::Lost(running) => {
                Self::sweep(&self.folder)?;
                match self.hold.leash.pulled() {
                    Some(exit) => {
                        JobState::Ended(ExitRecord::by_its_supervisor(&self.folder, running, exit)?)
                    }
                    None => JobState::Lost(running),
                }
            }
            state @ (JobState::Unstarted | JobState::Running(_) | JobState::Ended(_)) => state,
        };
        Ok((state, spare))
    }

    /// Ends what a runner that died without a word has left running, and returns how many processes that were.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn sweep(folder: &JobFolder) -> Result<usize, AgentError> {
        let job = folder.job()?;
        Ok(extinction::end_job(&folder.unique_path(), job.grace))
    }

    /// As [`Runner::sweep`], of a folder that may be damaged or gone: then there is no more grace than `otherwise`.
    pub fn sweep_anyway(folder: &JobFolder, otherwise: Duration) -> usize {
        let grace = folder.job().map_or(otherwise, |job| job.grace.min(otherwise));
        extinction::end_job(&folder.unique_path(), grace)
    }
}

/// What the folder shows now that its runner has ended the job or is gone. A child that was being started anywhere at that
/// moment may hold the folder's lock until it executes its program, and would make it look alive.
fn left(folder: &JobFolder) -> Result<JobState, AgentError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match folder.state()? {
            JobState::Running(_) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(1));
            }
            state => return Ok(state),
        }
    }
}

/// A pidfd of a process that need not be our child; none when it is gone.
fn end_of(process: ProcessId) -> io::Result<Option<OwnedFd>> {
    let Some(pid) = i32::try_from(process.pid).ok().and_then(Pid::from_raw) else {
        return Ok(None);
    };
    let fd = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(fd) => fd,
        Err(rustix::io::Errno::SRCH) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // The id may have been given to another process before the pidfd was opened.
    Ok(process.is_alive().then_some(fd))
}
