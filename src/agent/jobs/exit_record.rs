//! `exit.json`: how a job ended.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::schedule::Exit;

use crate::agent::jobs::error::AgentError;
use crate::agent::jobs::folder::{JobFolder, Running};

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

impl ExitRecord {
    /// The record that the supervisor writes for a killed runner, once no process of its job is left.
    pub(in crate::agent) fn by_its_supervisor(
        folder: &JobFolder,
        running: Running,
        exit: Exit,
    ) -> Result<Self, AgentError> {
        let record = Self {
            schema: 1,
            exit,
            started_at: running.started_at,
            ended_at: Timestamp::now(),
            output_bytes: std::fs::metadata(folder.log()).map_or(0, |log| log.len()),
            left_behind: 0,
        };
        folder.write_exit(&record)?;
        Ok(record)
    }
}
