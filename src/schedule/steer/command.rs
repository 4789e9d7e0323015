//! The commands by which a person steers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A person's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Steer {
    /// Begin nothing new of it; what runs continues.
    Pause,
    /// Begin nothing new of it, and stop what runs; that is no failure.
    PauseNow,
    /// Go on after a pause.
    Resume,
    /// Try again what failed, was held, cancelled or skipped; what waits for a retry's time starts at once.
    Retry,
    /// Leave it out.
    Skip,
    /// Stop it and do not continue with it.
    Cancel,
    /// Let it begin, where it waits for a person's word.
    Approve,
}

impl Steer {
    /// The command's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pause | Self::PauseNow => "pause",
            Self::Resume => "resume",
            Self::Retry => "retry",
            Self::Skip => "skip",
            Self::Cancel => "cancel",
            Self::Approve => "approve",
        }
    }
}

impl fmt::Display for Steer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
