//! `exit.json`: how a job ended.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::schedule::Exit;

/// The runner's last word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitRecord {
    /// Version of the document.
    pub schema: u32,
    /// How the command ended.
    pub exit: Exit,
    /// When it was started.
    pub started_at: Timestamp,
    /// When nothing of it was left.
    pub ended_at: Timestamp,
    /// Bytes of output, those rotated away included.
    pub output_bytes: u64,
    /// Processes that the command left behind and that were ended.
    pub left_behind: u32,
}
