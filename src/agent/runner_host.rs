//! The runner host: a small process kept ready that forks runners.
//!
//! To execute this program anew for each runner costs more than everything the runner then does: loading and relocating
//! it was 31 % of the processor time of a trivial attempt. A fork of a process that has touched next to nothing is a
//! tenth of that.
//!
//! Supervisor and host share a socket that keeps messages whole (`SOCK_SEQPACKET`). Beside a request comes the descriptor of
//! the end of a channel on which the new runner gets its jobs; the answer is the runner's [`ProcessId`] as JSON. When the
//! supervisor is gone, runners end with the jobs that they have, and the host after the last of them.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{SendFlags, send};
use rustix::process::{Pid, PidfdFlags, WaitOptions, pidfd_open, waitpid};
use rustix::stdio::stdin;

use crate::fault;

use super::channel::Orders;
use super::control_group::{self, ControlGroup};
use super::{AgentError, ProcessId, packets, runner_life};

/// The hidden argument that makes this program a runner host.
pub const RUNNER_HOST_ARGUMENT: &str = "__runners";

/// Serves the socket on standard input until nobody holds its other end any more. In a runner it returns too, when there are
/// no more jobs.
///
/// # Errors
///
/// When the kernel refuses what a host needs; in a runner, what its job's folder is not fit for.
pub fn host_runners() -> Result<(), AgentError> {
    // A Ctrl-C in the supervisor's terminal is meant neither for runners nor for what starts them.
    let _ = rustix::process::setsid();
    control_group::read_ahead();
    ControlGroup::tidy_all();
    let mut runners = Vec::new();
    loop {
        collect_until_asked(&mut runners)?;
        let Some(channel) = next_request()? else {
            return collect_the_last(runners);
        };
        let forked = fork()?;
        fault::point(if forked.is_some() {
            "host.forked"
        } else {
            "runner.forked"
        });
        let Some(pid) = forked else {
            drop(runners);
            return become_runner(channel);
        };
        let id = pid.as_raw_nonzero().get().cast_unsigned();
        // Nobody else collects it, so it keeps its id until it was named.
        let process = ProcessId::of(id).unwrap_or(ProcessId { pid: id, started: 0 });
        if let Ok(fd) = pidfd_open(pid, PidfdFlags::empty()) {
            runners.push(Collectable { pid, fd, process });
        }
        let answer = serde_json::to_vec(&process).unwrap_or_default();
        if send(stdin(), &answer, SendFlags::NOSIGNAL).is_err() {
            return collect_the_last(runners);
        }
    }
}

/// A runner whose end has not been collected yet.
struct Collectable {
    pid: Pid,
    fd: OwnedFd,
    process: ProcessId,
}

/// Waits for the next request, and meanwhile collects runners that have ended.
fn collect_until_asked(runners: &mut Vec<Collectable>) -> Result<(), AgentError> {
    while !collect(runners, Some(stdin()))? {}
    Ok(())
}

/// Collects those that are left, so that nobody else has to.
fn collect_the_last(mut runners: Vec<Collectable>) -> Result<(), AgentError> {
    while !runners.is_empty() {
        collect(&mut runners, None)?;
    }
    Ok(())
}

/// Waits until a runner has ended, which is then collected, or something can be read here; tells whether that is so.
fn collect(runners: &mut Vec<Collectable>, asked: Option<BorrowedFd<'_>>) -> Result<bool, AgentError> {
    let mut fds: Vec<PollFd<'_>> = runners
        .iter()
        .map(|runner| PollFd::new(&runner.fd, PollFlags::IN))
        .collect();
    fds.extend(asked.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
    match poll(&mut fds, None) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(refused("wait for requests")(error)),
    }
    let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
    drop(fds);
    let mut ended = ready.iter();
    runners.retain(|runner| {
        let over = ended.next() == Some(&true);
        let collected = over && waitpid(Some(runner.pid), WaitOptions::NOHANG).is_ok();
        if collected {
            ControlGroup::tidy(runner.process);
        }
        !collected
    });
    Ok(asked.is_some() && ended.next() == Some(&true))
}

/// The channel of the next runner; none when the supervisor is gone.
fn next_request() -> Result<Option<OwnedFd>, AgentError> {
    let received = packets::receive(stdin(), &mut [0]);
    let (_, channel) = received.map_err(|source| AgentError::System {
        what: "read a request",
        source,
    })?;
    Ok(channel)
}

/// Forks; none in the child.
fn fork() -> Result<Option<Pid>, AgentError> {
    // SAFETY: a host has a single thread, so the child's copy of memory is whole and no lock in it is held by anybody else.
    let pid = unsafe { libc::fork() };
    if pid < 0 {
        return Err(AgentError::System {
            what: "be forked",
            source: std::io::Error::last_os_error(),
        });
    }
    Ok(Pid::from_raw(pid))
}

/// Nothing takes the place of the socket, which only the host may hold open.
fn become_runner(channel: OwnedFd) -> Result<(), AgentError> {
    let nothing = std::fs::File::open("/dev/null").map_err(AgentError::file("open", "/dev/null"))?;
    rustix::stdio::dup2_stdin(&nothing).map_err(refused("leave its host's socket"))?;
    runner_life::serve(Orders::new(channel))
}

fn refused(what: &'static str) -> impl FnOnce(Errno) -> AgentError {
    move |source| AgentError::System {
        what,
        source: source.into(),
    }
}
