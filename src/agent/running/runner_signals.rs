//! The signals with which a runner is asked to stop.

use std::ffi::c_int;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};

use crate::agent::jobs::error::AgentError;

/// Signals that ask for an end with grace.
const GRACEFUL: [c_int; 3] = [SIGTERM, SIGINT, SIGHUP];

/// The signal that asks for an end at once.
const AT_ONCE: c_int = SIGUSR1;

/// Signals, turned into bytes on a pipe.
#[derive(Debug)]
pub(in crate::agent) struct Signals {
    /// Readable when an end with grace was requested.
    pub(in crate::agent) graceful: UnixStream,
    /// Readable when an immediate end was requested.
    pub(in crate::agent) at_once: UnixStream,
}

impl Signals {
    /// Starts to listen, and receives signals that were held back.
    pub(in crate::agent) fn register() -> Result<Self, AgentError> {
        let pipe = |numbers: &[c_int]| -> io::Result<UnixStream> {
            let (read, write) = UnixStream::pair()?;
            read.set_nonblocking(true)?;
            for number in numbers {
                signal_hook::low_level::pipe::register(*number, write.try_clone()?)?;
            }
            Ok(read)
        };
        let registered = || -> io::Result<Self> {
            let signals = Self {
                graceful: pipe(&GRACEFUL)?,
                at_once: pipe(&[AT_ONCE])?,
            };
            mask(libc::SIG_UNBLOCK)?;
            Ok(signals)
        };
        registered().map_err(|source| AgentError::System {
            what: "listen for signals",
            source,
        })
    }
}

/// Blocks these signals until the program that this process executes listens: an earlier signal would kill the program. Makes system
/// calls only.
pub(in crate::agent) fn hold_back() -> io::Result<()> {
    mask(libc::SIG_BLOCK)
}

fn mask(how: c_int) -> io::Result<()> {
    // SAFETY: the set lives in this frame and is initialised before use.
    let done = unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for number in GRACEFUL {
            libc::sigaddset(&raw mut set, number);
        }
        libc::sigaddset(&raw mut set, AT_ONCE);
        libc::sigprocmask(how, &raw const set, std::ptr::null_mut())
    };
    match done {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Discards the bytes that arrived on a stream.
pub(in crate::agent) fn drain(stream: &mut UnixStream) {
    let mut buffer = [0u8; 64];
    while stream.read(&mut buffer).is_ok_and(|count| count > 0) {}
}
