//! A runner as its supervisor sees it: finds a runner that is already at work, stops it, and waits for the end of its job.

use std::io;
use std::os::fd::OwnedFd;
use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};

use super::control_group::ControlGroup;
use super::runner_leash::Leash;
use super::{AgentError, ExitRecord, JobFolder, JobState, ProcessId, extinction};

/// How long a lock may outlive the runner that held it.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a runner that is waited for is checked.
pub const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A runner at work.
#[derive(Debug)]
pub struct Runner {
    folder: JobFolder,
    hold: RunnerHold,
    /// None when another supervisor started the runner.
    child: Option<Child>,
}

/// A handle that can stop a runner.
#[derive(Debug, Clone)]
pub struct RunnerHold {
    process: ProcessId,
    leash: Arc<Leash>,
}

impl RunnerHold {
    /// Its process.
    pub fn process(&self) -> ProcessId {
        self.process
    }

    /// Asks the runner to end its command: with grace, or at once. Asking again is harmless.
    pub fn stop(&self, now: bool) {
        Runner::stop(self.process, now);
        self.leash.shorten(now);
    }
}

impl Runner {
    /// A runner that was just started for the job in this folder.
    pub(super) fn started(folder: JobFolder, child: Child) -> Self {
        let id = child.id();
        // Nobody else collects it, so it keeps its id until it was named.
        let process = ProcessId::of(id).unwrap_or(ProcessId { pid: id, started: 0 });
        let hold = RunnerHold {
            process,
            leash: Arc::new(Leash::of(&folder)),
        };
        Self {
            folder,
            hold,
            child: Some(child),
        }
    }

    /// The runner that another supervisor started in this folder; none when no runner lives there.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn adopt(folder: JobFolder) -> Result<Option<Self>, AgentError> {
        let JobState::Running(Some(running)) = folder.state()? else {
            return Ok(None);
        };
        let hold = RunnerHold {
            process: running.runner,
            leash: Arc::new(Leash::of(&folder)),
        };
        Ok(Some(Self {
            folder,
            hold,
            child: None,
        }))
    }

    /// The runner's folder.
    pub fn folder(&self) -> &JobFolder {
        &self.folder
    }

    /// The runner's process.
    pub fn process(&self) -> ProcessId {
        self.hold.process
    }

    /// The handle that can stop the runner.
    pub fn hold(&self) -> RunnerHold {
        self.hold.clone()
    }

    /// Asks a runner, known only by its process, to end its command: with grace, or at once. Asking again is harmless.
    pub fn stop(process: ProcessId, now: bool) {
        process.signal(if now { Signal::USR1 } else { Signal::TERM });
        process.wake();
    }

    /// Checks whether the runner answers. Whoever waits for a runner does this every [`LOOK_AGAIN`]. A suspended runner is
    /// woken; true when that happened for the first time. A runner that should have ended its job by now is killed, together
    /// with everything that the job started.
    pub fn look(&self) -> bool {
        self.hold.leash.look(self.hold.process)
    }

    /// What becomes readable when there is nothing left to wait for; none when that is so already.
    ///
    /// # Errors
    ///
    /// When the kernel refuses to tell.
    pub fn end(&self) -> Result<Option<OwnedFd>, AgentError> {
        end_of(self.hold.process).map_err(AgentError::cannot_wait)
    }

    /// Waits until the job has ended, and returns its state. Processes of a killed runner are ended first. Blocks.
    ///
    /// # Errors
    ///
    /// When the kernel refuses to wait, or the folder cannot be read.
    pub fn wait(mut self) -> Result<JobState, AgentError> {
        if let Some(end) = self.end()? {
            while !readable_within(&end, LOOK_AGAIN).map_err(AgentError::cannot_wait)? {
                self.look();
            }
        }
        if let Some(child) = &mut self.child {
            child.wait().map_err(AgentError::cannot_wait)?;
            // It could not, had it been killed; what is still in its group stays.
            ControlGroup::tidy(self.hold.process);
        }
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
            state @ (JobState::Unstarted | JobState::Running(_) | JobState::Ended(_) | JobState::Away(_)) => {
                state
            }
        };
        Ok(state)
    }

    /// Ends the processes of a dead runner, and returns their number.
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

/// Waits until the descriptor is readable, at most for this long. True when it is readable.
fn readable_within(fd: &OwnedFd, most: Duration) -> io::Result<bool> {
    let most = Timespec::try_from(most).map_err(io::Error::other)?;
    match poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&most)) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
