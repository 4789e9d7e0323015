//! Errors of the journal.

use std::path::PathBuf;

/// Why the journal could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder or file could not be made or opened.
    #[error("cannot open {path}: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("the journal {path} cannot be {verb}: {source}")]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// `read` or `written`.
        verb: &'static str,
        /// The cause.
        source: rusqlite::Error,
    },
    /// The disk did not accept a write.
    #[error("the journal's log {path} cannot be brought to the disk: {source}")]
    Sync {
        /// The log of the database.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The journal was written by a later version.
    #[error(
        "the journal {path} has schema {found}, and this orch knows {known}: use the newer orch that wrote it"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The schema version of this orch.
        known: i64,
    },
    /// A row cannot be read as an event.
    #[error(
        "the journal {path} is damaged at entry {seq}: {why}; `orch doctor --fix` sets it aside, never deletes it, and saves what can be known"
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// The entry.
        seq: i64,
        /// The cause.
        why: String,
    },
}

impl JournalError {
    /// True when this user may not open or write the file, or the device does not answer. The contents are then
    /// unknown.
    pub fn is_out_of_reach(&self) -> bool {
        match self {
            Self::Sqlite { source, .. } => is_out_of_reach(source),
            Self::Open { .. } | Self::Sync { .. } => true,
            Self::Newer { .. } | Self::Damaged { .. } => false,
        }
    }

    /// True when the disk was full.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Sqlite { path, source, .. } => is_disk_full(source, path),
            Self::Open { source, .. } | Self::Sync { source, .. } => {
                source.kind() == std::io::ErrorKind::StorageFull
            }
            Self::Newer { .. } | Self::Damaged { .. } => false,
        }
    }
}

/// The free space, in bytes, below which SQLite cannot even map the index of its log. SQLite reports that as an I/O
/// error.
const LEAST_ROOM: u64 = 64 << 10;

/// True when the disk of the database has too little space for the operation.
pub(super) fn is_disk_full(error: &rusqlite::Error, database: &std::path::Path) -> bool {
    use rusqlite::ErrorCode::{CannotOpen, DiskFull, SystemIoFailure};
    let room = || rustix::fs::statvfs(database).map(|found| found.f_bavail.saturating_mul(found.f_frsize));
    match error.sqlite_error_code() {
        Some(DiskFull) => true,
        Some(SystemIoFailure | CannotOpen) => room().is_ok_and(|room| room < LEAST_ROOM),
        _ => false,
    }
}

/// True for SQLite's errors about a file that it cannot reach.
pub(super) fn is_out_of_reach(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{CannotOpen, DatabaseBusy, PermissionDenied, ReadOnly, SystemIoFailure};
    matches!(
        error.sqlite_error_code(),
        Some(CannotOpen | DatabaseBusy | PermissionDenied | ReadOnly | SystemIoFailure)
    )
}
