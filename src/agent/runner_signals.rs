//! What a runner is asked by signals.

use std::io::Read;
use std::os::unix::net::UnixStream;

use super::AgentError;

/// Signals, turned into bytes on a pipe.
#[derive(Debug)]
pub(super) struct Signals {
    /// Ready when somebody asks for an end with grace.
    pub(super) graceful: UnixStream,
    /// Ready when somebody asks for an end at once.
    pub(super) at_once: UnixStream,
}

impl Signals {
    pub(super) fn register() -> Result<Self, AgentError> {
        let pipe = |numbers: &[i32]| -> std::io::Result<UnixStream> {
            let (read, write) = UnixStream::pair()?;
            read.set_nonblocking(true)?;
            for number in numbers {
                signal_hook::low_level::pipe::register(*number, write.try_clone()?)?;
            }
            Ok(read)
        };
        let registered = || -> std::io::Result<Self> {
            Ok(Self {
                graceful: pipe(&[
                    signal_hook::consts::SIGTERM,
                    signal_hook::consts::SIGINT,
                    signal_hook::consts::SIGHUP,
                ])?,
                at_once: pipe(&[signal_hook::consts::SIGUSR1])?,
            })
        };
        registered().map_err(|source| AgentError::System {
            what: "listen for signals",
            source,
        })
    }

    /// Forgets all that came.
    pub(super) fn forget(&mut self) {
        drain(&mut self.graceful);
        drain(&mut self.at_once);
    }
}

/// Takes what came off a stream.
pub(super) fn drain(stream: &mut UnixStream) {
    let mut buffer = [0u8; 64];
    while stream.read(&mut buffer).is_ok_and(|count| count > 0) {}
}
