//! A runner as its supervisor sees it: recognising one that is already at work, stopping it, waiting for its end.

use std::io;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};

use super::{AgentError, JobFolder, JobState, ProcessId, extinction};

/// How long a lock may outlive the runner that held it.
const PATIENCE: Duration = Duration::from_secs(5);

/// A runner at work.
#[derive(Debug)]
pub struct Runner {
    folder: JobFolder,
    process: ProcessId,
}

impl Runner {
    pub(super) fn new(folder: JobFolder, process: ProcessId) -> Self {
        Self { folder, process }
    }

    /// The runner that another supervisor started in this folder; none when none lives there.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn adopt(folder: JobFolder) -> Result<Option<Self>, AgentError> {
        let JobState::Running(Some(running)) = folder.state()? else {
            return Ok(None);
        };
        Ok(Some(Self::new(folder, running.runner)))
    }

    /// Its folder.
    pub fn folder(&self) -> &JobFolder {
        &self.folder
    }

    /// Its process.
    pub fn process(&self) -> ProcessId {
        self.process
    }

    /// Asks it to end its command: with grace, or at once. Asking again is harmless.
    pub fn stop(process: ProcessId, now: bool) {
        process.signal(if now { Signal::USR1 } else { Signal::TERM });
    }

    /// Waits until the runner is gone and says what it left; what one that was killed left running is ended first.
    /// Blocks.
    ///
    /// # Errors
    ///
    /// When the kernel refuses to wait, or the folder cannot be read.
    pub fn wait(self) -> Result<JobState, AgentError> {
        wait_for(self.process).map_err(|source| AgentError::System {
            what: "be waited for",
            source,
        })?;
        let state = self.left()?;
        if matches!(state, JobState::Lost(_)) {
            Self::sweep(&self.folder)?;
        }
        Ok(state)
    }

    /// What the folder shows now that the runner is gone. A child that was being started anywhere at that moment may hold
    /// the folder's lock until it executes its program, and would make it look alive.
    fn left(&self) -> Result<JobState, AgentError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.folder.state()? {
                JobState::Running(_) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                state => return Ok(state),
            }
        }
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

/// Waits for a process that need not be our child, through a pidfd.
fn wait_for(process: ProcessId) -> io::Result<()> {
    let Some(pid) = i32::try_from(process.pid).ok().and_then(Pid::from_raw) else {
        return Ok(());
    };
    let fd = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(fd) => fd,
        Err(rustix::io::Errno::SRCH) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    // The id may have been given to another process before the pidfd was opened.
    if !process.is_alive() {
        return Ok(());
    }
    loop {
        match poll(&mut [PollFd::new(&fd, PollFlags::IN)], None) {
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
