//! Why an attempt was not enough.

use crate::schedule::event::why::because::Because;

/// Why an attempt was not enough, and what that means for the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The missing evidence.
    pub why: Because,
    /// True when it uses up a retry.
    pub counted: bool,
    /// True when another attempt would fail the same way, so there is no retry.
    pub hopeless: bool,
    /// True when the attempt made nothing. Work it reported done is open for the next attempt.
    pub nothing_made: bool,
}

impl Failure {
    /// Creates a failure of the agent, which uses up a retry.
    pub fn counted(why: impl Into<Because>) -> Self {
        Self {
            why: why.into(),
            counted: true,
            hopeless: false,
            nothing_made: false,
        }
    }

    /// Creates a failure that is not the agent's and uses up no retry.
    pub fn uncounted(why: impl Into<Because>) -> Self {
        Self {
            counted: false,
            ..Self::counted(why)
        }
    }
}
