//! The first process of a command: starting it, in a control group where one exists, and collecting its status.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, getpid, getppid, pidfd_open};

use crate::agent::jobs::control_group::ControlGroup;

/// A command's first process, a child of this one.
#[derive(Debug)]
pub(in crate::agent) struct Leader {
    child: Child,
    fd: OwnedFd,
}

impl Leader {
    /// Starts the command in a process group of its own and inside the control group. It is killed when this process dies.
    ///
    /// # Errors
    ///
    /// When the command cannot be started.
    pub(in crate::agent) fn start(mut command: Command, group: Option<&ControlGroup>) -> io::Result<Self> {
        // The kernel sends the signal when the starting thread ends, so a short-lived thread would take the command with it.
        debug_assert!(
            threads().is_none_or(|threads| threads == 1),
            "who starts a command has one thread"
        );
        let runner = getpid();
        let door = group.and_then(ControlGroup::door);
        let begin = move || {
            // A command must not outlive its killed runner: nobody would hold the folder's lock.
            rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
            // The runner was killed before the request. This process would start long after the rest of the job was ended.
            if getppid() != Some(runner) {
                return Err(Errno::SRCH.into());
            }
            // The write takes 4 to 18 ms, because the kernel waits until no processor uses the old group. A process that is
            // refused is still found by descent and by its mark.
            if let Some(door) = &door {
                let _ = rustix::io::write(door, b"0");
            }
            Ok(())
        };
        // SAFETY: between fork and exec the closure only makes system calls, and allocates nothing.
        unsafe { command.pre_exec(begin) };
        let mut child = command.process_group(0).spawn()?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let fd = pidfd_open(pid.ok_or(Errno::SRCH)?, PidfdFlags::empty()).inspect_err(|_| {
            // The command runs, but its end could not be observed.
            let _ = child.kill();
            let _ = child.wait();
        })?;
        Ok(Self { child, fd })
    }

    /// The process id.
    pub(in crate::agent) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The exit status, once the process has ended.
    pub(in crate::agent) fn try_wait(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok()?
    }
}

impl AsFd for Leader {
    /// Readable once the process has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The number of threads of this process, where `/proc` shows it.
fn threads() -> Option<usize> {
    std::fs::read_dir("/proc/self/task").ok().map(Iterator::count)
}
