//! How an attempt ended, for `orch status --json`.

use serde::Serialize;

use crate::schedule::Exit;

/// How an attempt ended, for scripts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ExitView {
    /// Its exit code.
    Code(i32),
    /// The end without an exit code: `signal 9`, `timed_out`, `stopped`, `lost`, `by_hand`, `not_started`.
    Word(String),
}

impl ExitView {
    pub(in crate::supervisor) fn of(exit: &Exit) -> Self {
        match exit {
            Exit::Code { code } => Self::Code(*code),
            Exit::Signal { signal } => Self::Word(format!("signal {signal}")),
            Exit::TimedOut => Self::Word("timed_out".to_owned()),
            Exit::Stopped => Self::Word("stopped".to_owned()),
            Exit::Lost => Self::Word("lost".to_owned()),
            Exit::ByHand => Self::Word("by_hand".to_owned()),
            Exit::NotStarted { .. } => Self::Word("not_started".to_owned()),
        }
    }
}
