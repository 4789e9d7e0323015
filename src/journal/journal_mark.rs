//! Checking whether anything has happened since a look.

use super::error::JournalError;
use super::lock::RepositoryLock;
use super::paths::OrchDir;
use super::reader::JournalReader;

/// A mark in the journal's history. An answer that was computed at one mark is valid as long as the mark is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JournalMark {
    /// The number of the journal's last entry.
    pub seq: i64,
    /// True while a supervisor runs.
    pub driven: bool,
}

impl JournalMark {
    /// The present mark.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    pub fn now(dir: &OrchDir) -> Result<Self, JournalError> {
        let seq = match JournalReader::open(dir)? {
            Some(reader) => reader.last()?,
            None => 0,
        };
        let driven = RepositoryLock::holder(dir)?.is_some();
        Ok(Self { seq, driven })
    }
}
