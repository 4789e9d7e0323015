//! Why an attempt was not enough.

/// Why an attempt was not enough, and what that means for the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The missing evidence.
    pub why: String,
    /// True when it uses up a retry.
    pub counted: bool,
    /// True when another attempt would meet the same: no retry.
    pub hopeless: bool,
    /// True when nothing was made at all: what was reported done is open to the next.
    pub nothing_made: bool,
}

impl Failure {
    /// The agent's, as most are.
    pub fn counted(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            counted: true,
            hopeless: false,
            nothing_made: false,
        }
    }

    /// Nobody's.
    pub fn uncounted(why: impl Into<String>) -> Self {
        Self {
            counted: false,
            ..Self::counted(why)
        }
    }
}
