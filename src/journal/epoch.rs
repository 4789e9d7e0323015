//! Conversion between the core's moments and wall-clock time.

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

    /// The time at which the journal began.
    pub fn began(self) -> Timestamp {
        self.0
    }

    /// The wall-clock time of a moment.
    pub fn wall(self, at: At) -> Timestamp {
        let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(self.0.as_millisecond().saturating_add(millis)).unwrap_or(Timestamp::MAX)
    }

    /// The moment of a wall-clock time. The beginning of the journal for any earlier time.
    pub fn at(self, wall: Timestamp) -> At {
        let millis = wall.as_millisecond().saturating_sub(self.0.as_millisecond());
        At(u64::try_from(millis).unwrap_or(0))
    }
}
