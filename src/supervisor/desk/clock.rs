//! The only source of moments for the core.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::journal::Epoch;
use crate::schedule::At;

/// A clock that never goes back: wall-clock time once at the start, a monotonic clock from then on.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    started: Instant,
    from: At,
}

impl Clock {
    /// Starts at the present, or at the last recorded moment if the wall clock was set back since.
    pub fn start(epoch: Epoch, last: At) -> Self {
        Self {
            started: Instant::now(),
            from: epoch.at(Timestamp::now()).max(last),
        }
    }

    /// The present moment.
    pub fn now(&self) -> At {
        self.from + self.started.elapsed()
    }

    /// How long until a moment.
    pub fn until(&self, at: At) -> Duration {
        at.since(self.now())
    }
}
