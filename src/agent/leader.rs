//! The first process of a command: how it is started, in a control group where there is one, and how it ended.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};

use rustix::process::{Pid, PidfdFlags, WaitOptions, pidfd_open, waitpid};

use super::control_group::ControlGroup;

/// Begin in the group that the arguments name. <https://man7.org/linux/man-pages/man2/clone.2.html>, since Linux 5.7.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// `struct clone_args` of that page, of which the fields before `cgroup` came first.
#[repr(C)]
#[derive(Debug, Default)]
struct CloneArguments {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// A command's first process, a child of this one.
#[derive(Debug)]
pub(super) struct Leader {
    pid: Pid,
    fd: OwnedFd,
}

impl Leader {
    /// Starts the command inside the group.
    ///
    /// To be born in a group costs nothing. To move into one makes the kernel wait until no processor looks at the old one
    /// any more: 4 to 18 ms were measured. So that is left to kernels and sandboxes that know no other way.
    ///
    /// # Safety
    ///
    /// This process has a single thread.
    ///
    /// # Errors
    ///
    /// When the command cannot be started.
    pub(super) unsafe fn start(mut command: Command, group: Option<&ControlGroup>) -> io::Result<Self> {
        if let Some(folder) = group.and_then(ControlGroup::open) {
            // SAFETY: as the caller promises.
            if let Some(pid) = unsafe { born_in(folder.as_fd(), &mut command) }? {
                return Self::of(pid);
            }
        }
        if let Some(door) = group.and_then(ControlGroup::door) {
            // SAFETY: between fork and exec only write is called, which is async-signal-safe.
            unsafe {
                command.pre_exec(move || {
                    // One that is not let in is found by descent and by its mark.
                    let _ = rustix::io::write(&door, b"0");
                    Ok(())
                });
            }
        }
        let child = command.spawn()?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        Self::of(pid.ok_or(ErrorKind::InvalidData)?)
    }

    fn of(pid: Pid) -> io::Result<Self> {
        let fd = pidfd_open(pid, PidfdFlags::empty())?;
        Ok(Self { pid, fd })
    }

    /// Its process id.
    pub(super) fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().cast_unsigned()
    }

    /// How it ended, once it has. To be asked until it says so, and not again.
    pub(super) fn try_wait(&self) -> Option<ExitStatus> {
        let (_, status) = waitpid(Some(self.pid), WaitOptions::NOHANG).ok()??;
        Some(ExitStatus::from_raw(status.as_raw()))
    }
}

impl AsFd for Leader {
    /// Readable once it has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Starts the command as a process that begins in the group with this folder; none where the kernel does not do that.
///
/// # Safety
///
/// This process has a single thread.
unsafe fn born_in(folder: BorrowedFd<'_>, command: &mut Command) -> io::Result<Option<Pid>> {
    let (mut said, mut says) = io::pipe()?;
    let arguments = CloneArguments {
        flags: CLONE_INTO_CGROUP,
        exit_signal: u64::from(libc::SIGCHLD.cast_unsigned()),
        cgroup: u64::from(folder.as_raw_fd().cast_unsigned()),
        ..CloneArguments::default()
    };
    // SAFETY: without CLONE_VM the child has a copy of all memory, as after a fork; with a single thread that copy is whole, and
    // no lock in it is held by anybody else.
    let pid = unsafe {
        libc::syscall(
            libc::SYS_clone3,
            &raw const arguments,
            size_of::<CloneArguments>(),
        )
    };
    if pid == 0 {
        let error = command.exec();
        let code = error.raw_os_error().unwrap_or(libc::EINVAL);
        let _ = says.write_all(&code.to_ne_bytes());
        // SAFETY: nothing of this copy is to run on.
        unsafe { libc::_exit(127) }
    }
    let Some(pid) = i32::try_from(pid)
        .ok()
        .filter(|pid| *pid > 0)
        .and_then(Pid::from_raw)
    else {
        return Ok(None);
    };
    drop(says);
    let mut code = [0; 4];
    // The pipe is closed without a word by the exec.
    match said.read_exact(&mut code) {
        Ok(()) => {
            let _ = waitpid(Some(pid), WaitOptions::empty());
            Err(io::Error::from_raw_os_error(i32::from_ne_bytes(code)))
        }
        Err(_) => Ok(Some(pid)),
    }
}
