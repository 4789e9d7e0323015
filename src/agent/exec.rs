//! A command in the form in which the kernel takes it, made before there is a process for it: between its birth and its program
//! nothing may be allocated.

use std::collections::BTreeMap;
use std::ffi::{CString, OsStr, OsString, c_char, c_int};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::sync::atomic::AtomicI32;

unsafe extern "C" {
    /// What `execvp` searches and hands on, of the C library.
    static mut environ: *const *const c_char;
}

/// Strings with a list of pointers to them that a null pointer ends.
#[derive(Debug)]
struct Strings {
    pointers: Vec<*const c_char>,
    /// What is pointed to; not on the list itself, so that it stays where it is.
    _owned: Vec<CString>,
}

impl Strings {
    fn new(strings: impl Iterator<Item = CString>) -> Self {
        let owned: Vec<CString> = strings.collect();
        let pointers = owned.iter().map(|string| string.as_ptr());
        Self {
            pointers: pointers.chain([ptr::null()]).collect(),
            _owned: owned,
        }
    }
}

/// A command that is about to be executed.
#[derive(Debug)]
pub(super) struct Exec {
    program: CString,
    arguments: Strings,
    environment: Strings,
    folder: CString,
    input: OwnedFd,
    output: OwnedFd,
    parent: c_int,
    /// The number of the error for which it could not be executed, told by the child where it shares memory.
    pub(super) failed: AtomicI32,
}

impl Exec {
    /// The command with its arguments, its whole environment, the folder it starts in, what it reads, and where both of its
    /// outputs go. It is to be a child of this very process.
    ///
    /// # Errors
    ///
    /// When something of it holds a zero byte.
    pub(super) fn new(
        program: &OsStr,
        arguments: &[String],
        environment: BTreeMap<OsString, OsString>,
        folder: &Path,
        (input, output): (OwnedFd, OwnedFd),
    ) -> io::Result<Self> {
        let text = |text: &OsStr| CString::new(text.as_bytes()).map_err(io::Error::from);
        let program = text(program)?;
        let words: io::Result<Vec<CString>> = arguments.iter().map(|word| text(word.as_ref())).collect();
        let variables = environment.into_iter().map(|(mut name, value)| {
            name.push("=");
            name.push(value);
            text(&name)
        });
        let variables: io::Result<Vec<CString>> = variables.collect();
        Ok(Self {
            arguments: Strings::new([program.clone()].into_iter().chain(words?)),
            program,
            environment: Strings::new(variables?.into_iter()),
            folder: text(folder.as_os_str())?,
            input,
            output,
            parent: std::process::id().cast_signed(),
            failed: AtomicI32::new(0),
        })
    }

    /// How many arguments it has, its own name among them.
    pub(super) fn length(&self) -> usize {
        self.arguments.pointers.len()
    }

    /// Turns the process that calls this into the command: in a process group of its own, with no signal blocked, and killed
    /// when its parent dies. Comes back with the number of the error when that fails.
    ///
    /// # Safety
    ///
    /// The process is a child of the one that made this, has a single thread, and has a copy of that one's memory, or the same
    /// memory while that one waits. Only functions are called that POSIX calls async-signal-safe, `prctl`, and `execvp`, which
    /// has no state and takes what it needs from the stack.
    pub(super) unsafe fn become_command(&self) -> c_int {
        // SAFETY: all pointers are to strings and lists of this struct, which lives until the parent goes on.
        unsafe {
            // A command must not work on when its runner was killed: nobody would hold its folder's lock.
            let mut done = libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong, 0, 0, 0) == 0;
            // One whose runner was killed before that would begin long after everything of it was ended.
            if done && libc::getppid() != self.parent {
                return libc::ESRCH;
            }
            done = done && libc::setpgid(0, 0) == 0;
            let (input, output) = (self.input.as_raw_fd(), self.output.as_raw_fd());
            done = done && place(input, libc::STDIN_FILENO);
            done = done && place(output, libc::STDOUT_FILENO) && place(output, libc::STDERR_FILENO);
            done = done && libc::chdir(self.folder.as_ptr()) == 0;
            // This program ignores it, and what is ignored stays so.
            done = done && libc::signal(libc::SIGPIPE, libc::SIG_DFL) != libc::SIG_ERR;
            let mut none: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut none);
            done = done && libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut()) == 0;
            if done {
                environ = self.environment.pointers.as_ptr();
                libc::execvp(self.program.as_ptr(), self.arguments.pointers.as_ptr());
            }
            *libc::__errno_location()
        }
    }
}

/// Makes a descriptor the one with this number, open across an exec.
///
/// # Safety
///
/// Nothing else uses that number.
unsafe fn place(fd: c_int, number: c_int) -> bool {
    // SAFETY: as the caller promises.
    unsafe { libc::dup2(fd, number) == number }
}

/// The environment of this process, kept over a child that shares it.
#[derive(Debug)]
pub(super) struct OwnEnvironment(*const *const c_char);

impl OwnEnvironment {
    /// Remembers it.
    ///
    /// # Safety
    ///
    /// This process has a single thread.
    pub(super) unsafe fn keep() -> Self {
        // SAFETY: as the caller promises.
        Self(unsafe { environ })
    }
}

impl Drop for OwnEnvironment {
    fn drop(&mut self) {
        // SAFETY: whoever made this promised that there is a single thread.
        unsafe { environ = self.0 }
    }
}
