//! Starting runners through their host.

use std::fs::File;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
    recv, sendmsg, socketpair,
};

use crate::fault;

use super::runner_host::RUNNER_HOST_ARGUMENT;
use super::{AgentError, JobFolder, JobState, ProcessId, Runner};

/// How long a host may take to answer before it counts as dead, and a runner to say that it has begun.
const PATIENCE: Duration = Duration::from_secs(10);

/// So many hosts may die over one runner before it counts as one that cannot be started.
const HOSTS_AT_MOST: u32 = 5;

/// What starts runners: through a host process, which is started with the first of them and again should it die.
#[derive(Debug)]
pub struct Launcher {
    program: PathBuf,
    host: Mutex<Option<Host>>,
}

impl Launcher {
    /// A launcher whose host is this program. Nothing is started yet.
    pub fn new(program: &Path) -> Self {
        Self {
            program: program.to_owned(),
            host: Mutex::new(None),
        }
    }

    /// Starts a runner for the prepared folder. The folder's lock goes with the request, so that there is no moment at
    /// which a job is started and nobody holds its lock.
    ///
    /// # Errors
    ///
    /// When a host cannot be started or does not answer.
    pub fn launch(&self, folder: JobFolder, lock: File) -> Result<Runner, AgentError> {
        let mut kept = self.host.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut lock, mut hosts) = (lock, 0);
        loop {
            let host = match kept.take() {
                Some(host) => host,
                None => self.start()?,
            };
            let why = match host.ask(&folder, &lock) {
                Ok(process) => {
                    *kept = Some(host);
                    return Ok(Runner::new(folder, process));
                }
                Err(why) => why,
            };
            // Gone before anything else, so that it cannot fork later what is now started otherwise.
            drop(host);
            drop(lock);
            lock = match forked_before(&folder)? {
                Before::Forked(process) => return Ok(Runner::new(folder, process)),
                Before::Not(lock) => lock,
            };
            hosts += 1;
            if hosts == HOSTS_AT_MOST {
                return Err(self.cannot_start(why));
            }
        }
    }

    fn start(&self) -> Result<Host, AgentError> {
        Host::start(&self.program).map_err(|why| self.cannot_start(why))
    }

    fn cannot_start(&self, source: io::Error) -> AgentError {
        AgentError::Start {
            program: self.program.clone(),
            source,
        }
    }
}

/// What a host that died had still done.
enum Before {
    /// It had forked the runner: this process, or one that has ended.
    Forked(ProcessId),
    /// It had not; the folder's lock, for who does.
    Not(File),
}

/// Only the folder can tell.
fn forked_before(folder: &JobFolder) -> Result<Before, AgentError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match folder.state()? {
            JobState::Running(Some(running)) | JobState::Lost(running) => {
                return Ok(Before::Forked(running.runner));
            }
            JobState::Ended(_) => return Ok(Before::Forked(ProcessId { pid: 0, started: 0 })),
            JobState::Unstarted => {
                if let Some(lock) = folder.lock()? {
                    return Ok(Before::Not(lock));
                }
            }
            // It has the lock, and will say who it is before it starts anything.
            JobState::Running(None) => {}
        }
        if Instant::now() > deadline {
            return Err(AgentError::Busy(folder.path().to_owned()));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A host at work.
#[derive(Debug)]
struct Host {
    socket: OwnedFd,
    process: Child,
}

impl Host {
    fn start(program: &Path) -> io::Result<Self> {
        let (socket, theirs) = socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )?;
        set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
        set_socket_timeout(&socket, Timeout::Send, Some(PATIENCE))?;
        let mut command = Command::new(program);
        command
            .arg(RUNNER_HOST_ARGUMENT)
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = fault::around("host.spawn", || command.spawn())?;
        Ok(Self { socket, process })
    }

    /// Has a runner forked for this folder.
    fn ask(&self, folder: &JobFolder, lock: &File) -> io::Result<ProcessId> {
        let folder = folder.unique_path();
        let locks = [lock.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut beside = SendAncillaryBuffer::new(&mut space);
        beside.push(SendAncillaryMessage::ScmRights(&locks));
        let path = [IoSlice::new(folder.as_os_str().as_bytes())];
        fault::around("host.ask", || {
            sendmsg(&self.socket, &path, &mut beside, SendFlags::NOSIGNAL)
        })?;
        fault::child("host.asked", self.process.id());
        let mut answer = [0; 256];
        let (_, length) = recv(&self.socket, &mut answer, RecvFlags::empty())?;
        Ok(serde_json::from_slice(&answer[..length])?)
    }
}

impl Drop for Host {
    /// Its runners live on.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
