//! The commands with which a person steers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A person's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Steer {
    /// Begin no new work of it. Running work continues.
    Pause,
    /// Begin no new work of it, and stop running work. Being stopped is no failure.
    PauseNow,
    /// Continue after a pause.
    Resume,
    /// Retry work that failed, or was held, cancelled or skipped. Work that waits for the time of its retry starts at once.
    Retry,
    /// Leave it out.
    Skip,
    /// Stop it and do not continue with it.
    Cancel,
    /// Let it begin, when it waits for a person's approval.
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
