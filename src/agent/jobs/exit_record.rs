//! `exit.json`: how a job ended.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::schedule::Exit;

/// The record that a runner writes last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitRecord {
    /// Version of the document.
    pub schema: u32,
    /// How the command ended.
    pub exit: Exit,
    /// When it was started.
    pub started_at: Timestamp,
    /// When no process of the command was left.
    pub ended_at: Timestamp,
    /// Bytes of output, including those rotated away.
    pub output_bytes: u64,
    /// Orphans of the command that were ended.
    pub left_behind: u32,
}
