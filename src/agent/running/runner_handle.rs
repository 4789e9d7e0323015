//! A runner as its supervisor sees it: recognising one that is already at work, stopping it, and waiting for its job.

use std::io;
use std::os::fd::OwnedFd;
use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};

use crate::agent::jobs::control_group::ControlGroup;
use crate::agent::jobs::error::AgentError;
use crate::agent::jobs::extinction;
use crate::agent::jobs::folder::{JobFolder, JobState};
use crate::agent::jobs::process::ProcessId;
use crate::agent::running::runner_leash::Leash;

/// How long a lock may outlive its runner.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often to check whether a runner still answers.
pub const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A runner at work.
#[derive(Debug)]
pub struct Runner {
    folder: JobFolder,
    hold: RunnerHold,
    /// `None` when another supervisor started the runner.
    child: Option<Child>,
}

/// A handle for stopping a runner.
#[derive(Debug, Clone)]
pub struct RunnerHold {
    process: ProcessId,
    leash: Arc<Leash>,
}

impl RunnerHold {
    /// The runner's process.
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
    /// The handle of a runner that was just started for the job in this folder.
    pub(in crate::agent) fn started(folder: JobFolder, child: Child) -> Self {
        let id = child.id();
        // Only this handle collects the child, so the process id cannot be reused before this line.
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

    /// The runner that another supervisor started in this folder. `None` when no runner is alive there.
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

    /// The job's folder.
    pub fn folder(&self) -> &JobFolder {
        &self.folder
    }

    /// The runner's process.
    pub fn process(&self) -> ProcessId {
        self.hold.process
    }

    /// A handle for stopping the runner.
    pub fn hold(&self) -> RunnerHold {
        self.hold.clone()
    }

    /// Asks a runner, known only by its process, to end its command: with grace, or at once. Asking again is harmless.
    pub fn stop(process: ProcessId, now: bool) {
        process.signal(if now { Signal::USR1 } else { Signal::TERM });
        process.wake();
    }

    /// Checks whether the runner answers. A caller that waits for the runner calls this every [`LOOK_AGAIN`]. A suspended runner
    /// is resumed; true when this was the first time. A runner whose job is overdue is killed with all processes of the job.
    pub fn look(&self) -> bool {
        self.hold.leash.look(self.hold.process)
    }

    /// A descriptor that becomes readable when the runner has ended. `None` when the runner has ended already.
    ///
    /// # Errors
    ///
    /// When the kernel refuses to open the descriptor.
    pub fn end(&self) -> Result<Option<OwnedFd>, AgentError> {
        end_of(self.hold.process).map_err(AgentError::cannot_wait)
    }

    /// Waits until the job has ended and returns its state. Processes of a killed runner are ended first. Blocks.
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
            // A killed runner could not remove its own group. A group with processes stays.
            ControlGroup::tidy(self.hold.process);
        }
        let state = match left(&self.folder)? {
            JobState::Lost(running) => {
                Self::sweep(&self.folder)?;
                match self.hold.leash.pulled() {
                    Some(exit) => JobState::Ended(self.folder.write_exit_of_killed(running, exit)?),
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

    /// Does the same as [`Runner::sweep`] for a folder that may be damaged or missing: the grace period is then at most
    /// `otherwise`.
    pub fn sweep_anyway(folder: &JobFolder, otherwise: Duration) -> usize {
        let grace = folder.job().map_or(otherwise, |job| job.grace.min(otherwise));
        extinction::end_job(&folder.unique_path(), grace)
    }
}

/// The state of the folder after its runner ended the job or died. A child that is being started at this moment may hold the
/// folder's lock until its `exec`, which would make the runner look alive, so the check is repeated.
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

/// A pidfd of a process that need not be a child of this one. `None` when the process is gone.
fn end_of(process: ProcessId) -> io::Result<Option<OwnedFd>> {
    let Some(pid) = i32::try_from(process.pid).ok().and_then(Pid::from_raw) else {
        return Ok(None);
    };
    let fd = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(fd) => fd,
        Err(rustix::io::Errno::SRCH) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // The id may have been reused before the pidfd was opened.
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
