//! Starting a runner, recognising one that is already at work, and waiting for its end.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};

use super::runner::RUNNER_ARGUMENT;
use super::{AgentError, JobFolder, JobState, ProcessId, extinction};

/// A runner at work.
#[derive(Debug)]
pub struct Runner {
    folder: JobFolder,
    process: ProcessId,
    child: Option<Child>,
}

/// Starts a runner for the prepared folder. The folder's lock goes to the runner as its standard input, so that there
/// is no moment at which a job is started and nobody holds its lock.
///
/// # Errors
///
/// When the program cannot be started.
pub fn launch(program: &Path, folder: JobFolder, lock: File) -> Result<Runner, AgentError> {
    let child = Command::new(program)
        .arg(RUNNER_ARGUMENT)
        .arg(folder.path())
        .stdin(Stdio::from(lock))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|source| AgentError::Start {
            program: program.to_owned(),
            source,
        })?;
    let pid = child.id();
    // A child that was not waited for keeps its id, so this names it even if it has ended already.
    let process = ProcessId::of(pid).unwrap_or(ProcessId { pid, started: 0 });
    Ok(Runner {
        folder,
        process,
        child: Some(child),
    })
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
        Ok(Some(Self {
            folder,
            process: running.runner,
            child: None,
        }))
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
    pub fn wait(mut self) -> Result<JobState, AgentError> {
        let waited = match &mut self.child {
            Some(child) => child.wait().map(|_| ()),
            None => wait_for_stranger(self.process),
        };
        waited.map_err(|source| AgentError::System {
            what: "be waited for",
            source,
        })?;
        let state = self.folder.state()?;
        if matches!(state, JobState::Lost(_)) {
            Self::sweep(&self.folder)?;
        }
        Ok(state)
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
}

/// Waits for a process that is not our child, through a pidfd.
fn wait_for_stranger(process: ProcessId) -> io::Result<()> {
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
