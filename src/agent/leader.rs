//! The first process of a command: how it is born, in a control group where there is one, and how it ended.

use std::ffi::{c_int, c_void};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::atomic::Ordering;

use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, kill_process, pidfd_open, waitpid};

use super::control_group::ControlGroup;
use super::exec::{Exec, OwnEnvironment};

/// Begin in the group that the arguments name. <https://man7.org/linux/man-pages/man2/clone.2.html>, since Linux 5.7.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// Handle no signal as the parent does. The same page, since Linux 5.5.
const CLONE_CLEAR_SIGHAND: u64 = 0x1_0000_0000;

/// Room for the frames of a child before its exec, in bytes. `execvp` puts a path there, and every argument where a script has no
/// interpreter.
const STACK: usize = 64 << 10;

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
    pub(super) unsafe fn start(command: &Exec, group: Option<&ControlGroup>) -> io::Result<Self> {
        let folder = group.and_then(ControlGroup::open);
        if group.is_none() || folder.is_some() {
            let (group, flag) = match &folder {
                Some(folder) => (folder.as_raw_fd().cast_unsigned(), CLONE_INTO_CGROUP),
                None => (0, 0),
            };
            let arguments = CloneArguments {
                flags: CLONE_CLEAR_SIGHAND | flag,
                exit_signal: u64::from(libc::SIGCHLD.cast_unsigned()),
                cgroup: u64::from(group),
                ..CloneArguments::default()
            };
            // SAFETY: as the caller promises.
            if let Some(pid) = unsafe { in_our_memory(command, arguments) }? {
                return Self::of(pid);
            }
        }
        // One that is not let in is found by descent and by its mark.
        let door = group.and_then(ControlGroup::door);
        let enter = || {
            door.as_ref()
                .is_none_or(|door| rustix::io::write(door, b"0").is_ok())
        };
        // SAFETY: as the caller promises; to write is async-signal-safe.
        Self::of(unsafe { in_a_copy(command, &enter) }?)
    }

    fn of(pid: Pid) -> io::Result<Self> {
        let fd = pidfd_open(pid, PidfdFlags::empty()).inspect_err(|_| {
            // It runs, and nobody could see it end.
            let _ = kill_process(pid, Signal::KILL);
            let _ = waitpid(Some(pid), WaitOptions::empty());
        })?;
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

/// Starts the command as a process that shares this one's memory until its exec, while this one waits: a copy would have to be
/// made, faulted in on both sides and thrown away. None where the kernel or the sandbox does not do that.
///
/// # Safety
///
/// This process has a single thread.
unsafe fn in_our_memory(command: &Exec, mut arguments: CloneArguments) -> io::Result<Option<Pid>> {
    let room = STACK + command.length() * size_of::<*const u8>();
    let mut stack = Box::<[u128]>::new_uninit_slice(room.div_ceil(size_of::<u128>()));
    arguments.flags |= (libc::CLONE_VM | libc::CLONE_VFORK).cast_unsigned() as u64;
    arguments.stack = stack.as_mut_ptr() as u64;
    arguments.stack_size = size_of_val(&*stack) as u64;
    // SAFETY: there is a single thread.
    let environment = unsafe { OwnEnvironment::keep() };
    // SAFETY: the stack is for the child alone, and everything lives until this process goes on, which it does once the child
    // has executed its program or ended.
    let born = with_signals_blocked(|| unsafe {
        clone_to(&arguments, execute, (&raw const *command).cast_mut().cast())
    });
    drop(environment);
    let Some(pid) = born else { return Ok(None) };
    match command.failed.load(Ordering::Acquire) {
        0 => Ok(Some(pid)),
        number => {
            let _ = waitpid(Some(pid), WaitOptions::empty());
            Err(io::Error::from_raw_os_error(number))
        }
    }
}

/// The life of a child that shares memory.
extern "C" fn execute(command: *mut c_void) -> ! {
    // SAFETY: `in_our_memory` hands over a command that lives longer than this process shares memory, and waits.
    unsafe {
        let command = &*command.cast::<Exec>();
        let number = command.become_command();
        command.failed.store(number, Ordering::Release);
        libc::_exit(127)
    }
}

/// Has a signal that comes meanwhile wait: its handler would run in the child, on the memory of the parent.
fn with_signals_blocked<T>(step: impl FnOnce() -> T) -> T {
    // SAFETY: both sets are of this frame, and filled before they are used.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::sigprocmask(libc::SIG_BLOCK, &raw const all, &raw mut before);
        let done = step();
        libc::sigprocmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut());
        done
    }
}

/// Clones a process that runs `entry` on the stack of the arguments; none where the kernel refuses.
///
/// # Safety
///
/// As `clone` of the C library, which does not know of control groups: the stack is the child's alone, and `entry` may run with
/// what the flags let it share.
#[cfg(target_arch = "x86_64")]
unsafe fn clone_to(
    arguments: &CloneArguments,
    entry: extern "C" fn(*mut c_void) -> !,
    argument: *mut c_void,
) -> Option<Pid> {
    let mut result: i64 = libc::SYS_clone3;
    // SAFETY: the child comes out of the call on its own empty stack, whose end is a multiple of 16, and never returns from
    // `entry`; the parent comes out of it as from any other call.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r12",
            "call r13",
            "ud2",
            "2:",
            inlateout("rax") result,
            in("rdi") &raw const *arguments,
            in("rsi") size_of::<CloneArguments>(),
            in("r12") argument,
            in("r13") entry,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    i32::try_from(result)
        .ok()
        .filter(|pid| *pid > 0)
        .and_then(Pid::from_raw)
}

/// There is no such call without the registers of the processor, and only one of them has been tried.
#[cfg(not(target_arch = "x86_64"))]
unsafe fn clone_to(_: &CloneArguments, _: extern "C" fn(*mut c_void) -> !, _: *mut c_void) -> Option<Pid> {
    None
}

/// Starts the command as a fork of this process that first takes this step.
///
/// # Safety
///
/// This process has a single thread, and the step calls only what is async-signal-safe.
unsafe fn in_a_copy(command: &Exec, first: &dyn Fn() -> bool) -> io::Result<Pid> {
    let (mut said, mut says) = io::pipe()?;
    // SAFETY: with a single thread the copy of memory is whole, and no lock in it is held by anybody else.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        first();
        // SAFETY: this is that child. Nothing of this copy is to run on.
        unsafe {
            let number: c_int = command.become_command();
            let _ = says.write_all(&number.to_ne_bytes());
            libc::_exit(127)
        }
    }
    let Some(pid) = Pid::from_raw(pid).filter(|_| pid > 0) else {
        return Err(io::Error::last_os_error());
    };
    drop(says);
    let mut number = [0; 4];
    // The pipe is closed without a word by the exec.
    match said.read_exact(&mut number) {
        Ok(()) => {
            let _ = waitpid(Some(pid), WaitOptions::empty());
            Err(io::Error::from_raw_os_error(i32::from_ne_bytes(number)))
        }
        Err(_) => Ok(pid),
    }
}
