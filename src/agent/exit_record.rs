//! `exit.json`: how a job ended.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::schedule::Exit;

use super::{AgentError, JobFolder, Running};

/// The result of a job, written by the runner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitRecord {
    /// Version of the document.
    pub schema: u32,
    /// How the command ended.
    pub exit: Exit,
    /// When it was started.
    pub started_at: Timestamp,
    /// When the last process of the job was gone.
    pub ended_at: Timestamp,
    /// Bytes of output, those rotated away included.
    pub output_bytes: u64,
    /// Leftover processes of the command that were ended.
    pub left_behind: u32,
}

impl ExitRecord {
    /// The record in place of a runner that had to be killed, written once nothing of its job is left.
    pub(super) fn by_its_supervisor(
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
