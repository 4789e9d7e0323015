//! Starting runners through their host, and keeping those that have ended a job for the next one.

use std::fs::File;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{RecvFlags, Shutdown, recv, shutdown};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::fault;

use super::channel::Channel;
use super::runner_handle::SpareRunner;
use super::runner_host::RUNNER_HOST_ARGUMENT;
use super::{AgentError, JobFolder, ProcessId, Runner, packets};

/// How long a host may take to answer before it counts as dead.
const PATIENCE: Duration = Duration::from_secs(10);

/// So many hosts or fresh runners may die over one job before it counts as one that cannot be started.
const DEATHS_AT_MOST: u32 = 5;

/// How long it is waited for the end of a host whose supervisor ends.
const LEAVE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// So many runners without a job are kept at most. Each takes 0.7 MB of its own.
const SPARE_AT_MOST: usize = 8;

/// What starts runners: through a host process, which is started with the first of them and again should it die.
#[derive(Debug)]
pub struct Launcher {
    program: PathBuf,
    host: Mutex<Option<Host>>,
    spare: Mutex<Vec<SpareRunner>>,
}

impl Launcher {
    /// A launcher whose host is this program. Nothing is started yet.
    pub fn new(program: &Path) -> Self {
        Self {
            program: program.to_owned(),
            host: Mutex::new(None),
            spare: Mutex::default(),
        }
    }

    /// Has a runner take on the job in the prepared folder. The folder's lock goes along, so that there is no moment at which
    /// a job is started and nobody holds its lock.
    ///
    /// # Errors
    ///
    /// When a host cannot be started or does not answer.
    pub fn launch(&self, folder: JobFolder, lock: File) -> Result<Runner, AgentError> {
        let path = folder.unique_path();
        let taken_on = |runner: &SpareRunner| runner.channel.hand_over(&path, lock.as_fd());
        // One that has died meanwhile is passed over.
        while let Some(runner) = self.take_spare() {
            if taken_on(&runner).is_ok() {
                return Ok(runner.at_work(folder));
            }
        }
        let begin = || {
            let runner = self.fresh()?;
            taken_on(&runner).map(|()| runner)
        };
        let mut begun = begin();
        for _ in 1..DEATHS_AT_MOST {
            if begun.is_ok() {
                break;
            }
            begun = begin();
        }
        let runner = begun.map_err(|source| AgentError::Start {
            program: self.program.clone(),
            source,
        })?;
        Ok(runner.at_work(folder))
    }

    /// Takes back a runner that has ended its job, for the next one.
    pub fn give_back(&self, runner: SpareRunner) {
        let mut spare = lock(&self.spare);
        if spare.len() < SPARE_AT_MOST {
            spare.push(runner);
        }
    }

    fn take_spare(&self) -> Option<SpareRunner> {
        lock(&self.spare).pop()
    }

    /// A runner that has had no job yet. Should anything go wrong, one that was forked all the same sees that nobody holds the
    /// other end of its channel, and ends.
    fn fresh(&self) -> io::Result<SpareRunner> {
        let mut kept = lock(&self.host);
        let host = match kept.take() {
            Some(host) => host,
            None => Host::start(&self.program)?,
        };
        let (channel, theirs) = Channel::pair()?;
        let process = host.ask(theirs.as_fd())?;
        *kept = Some(host);
        Ok(SpareRunner {
            process,
            channel: Arc::new(channel),
        })
    }
}

impl Drop for Launcher {
    /// Runners without a job end with their channels, and the host when it has collected them.
    fn drop(&mut self) {
        lock(&self.spare).clear();
        if let Some(host) = lock(&self.host).take() {
            host.leave();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A host at work.
#[derive(Debug)]
struct Host {
    socket: OwnedFd,
    process: Child,
    /// True once it ends by itself.
    left: bool,
}

impl Host {
    fn start(program: &Path) -> io::Result<Self> {
        let (socket, theirs) = packets::pair()?;
        set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
        set_socket_timeout(&socket, Timeout::Send, Some(PATIENCE))?;
        let mut command = Command::new(program);
        command
            .arg(RUNNER_HOST_ARGUMENT)
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = fault::around("host.spawn", || command.spawn())?;
        Ok(Self {
            socket,
            process,
            left: false,
        })
    }

    /// Has a runner forked that listens to this end of a channel.
    fn ask(&self, channel: BorrowedFd<'_>) -> io::Result<ProcessId> {
        // A message needs a byte for what goes beside it.
        let request = [IoSlice::new(b"r")];
        fault::around("host.ask", || packets::send_with(&self.socket, &request, channel))?;
        fault::child("host.asked", self.process.id());
        let mut answer = [0; 256];
        let (_, length) = recv(&self.socket, &mut answer, RecvFlags::empty())?;
        Ok(serde_json::from_slice(&answer[..length])?)
    }

    /// Lets it end once its last runner has. That is waited for a moment: where nothing is at work any more, nothing is left
    /// behind, not even to be collected.
    fn leave(mut self) {
        self.left = true;
        let told = shutdown(&self.socket, Shutdown::Both);
        let pid = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw);
        let end = pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        if let (Ok(()), Some(end)) = (told, end) {
            let _ = poll(&mut [PollFd::new(&end, PollFlags::IN)], Some(&LEAVE));
        }
        let _ = self.process.try_wait();
    }
}

impl Drop for Host {
    /// Its runners live on.
    fn drop(&mut self) {
        if !self.left {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}
