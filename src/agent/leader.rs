//! The first process of a command: how it is started, in a control group where there is one, and how it ended.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, getpid, getppid, pidfd_open};

use super::control_group::ControlGroup;

/// A command's first process, a child of this one.
#[derive(Debug)]
pub(super) struct Leader {
    child: Child,
    fd: OwnedFd,
}

impl Leader {
    /// Starts the command in a process group of its own and inside the control group. It is killed when this process dies.
    ///
    /// # Errors
    ///
    /// When the command cannot be started.
    pub(super) fn start(mut command: Command, group: Option<&ControlGroup>) -> io::Result<Self> {
        // The kernel means the thread that started it: one that ends early takes the command with it.
        debug_assert!(
            threads().is_none_or(|threads| threads == 1),
            "who starts a command has one thread"
        );
        let runner = getpid();
        let door = group.and_then(ControlGroup::door);
        let begin = move || {
            // A command must not work on when its runner was killed: nobody would hold its folder's lock.
            rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
            // One whose runner was killed before that would begin long after everything of it was ended.
            if getppid() != Some(runner) {
                return Err(Errno::SRCH.into());
            }
            // The kernel waits until no processor looks at the old group: 4 to 18 ms. One that is not let in is found by descent
            // and by its mark.
            if let Some(door) = &door {
                let _ = rustix::io::write(door, b"0");
            }
            Ok(())
        };
        // SAFETY: between fork and exec this only makes calls of the kernel, and allocates nothing.
        unsafe { command.pre_exec(begin) };
        let mut child = command.process_group(0).spawn()?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let fd = pidfd_open(pid.ok_or(Errno::SRCH)?, PidfdFlags::empty()).inspect_err(|_| {
            // It runs, and nobody could see it end.
            let _ = child.kill();
            let _ = child.wait();
        })?;
        Ok(Self { child, fd })
    }

    /// Its process id.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, once it has.
    pub(super) fn try_wait(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok()?
    }
}

impl AsFd for Leader {
    /// Readable once it has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// How many threads this process has, where that can be seen.
fn threads() -> Option<usize> {
    std::fs::read_dir("/proc/self/task").ok().map(Iterator::count)
}
