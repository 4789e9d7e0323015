//! From the core's moments to wall-clock time and back.

use jiff::Timestamp;

use crate::schedule::At;

/// The wall-clock time at which a repository's journal began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch(Timestamp);

impl Epoch {
    /// A journal that begins at this time.
    pub fn new(began: Timestamp) -> Self {
        Self(began)
    }

    /// When it began.
    pub fn began(self) -> Timestamp {
        self.0
    }

    /// The moment as wall-clock time.
    pub fn wall(self, at: At) -> Timestamp {
        let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(self.0.as_millisecond().saturating_add(millis)).unwrap_or(Timestamp::MAX)
    }

    /// The wall-clock time as a moment; the beginning for anything before it.
    pub fn at(self, wall: Timestamp) -> At {
        let millis = wall.as_millisecond().saturating_sub(self.0.as_millisecond());
        At(u64::try_from(millis).unwrap_or(0))
    }
}
