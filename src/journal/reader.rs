//! Reading the journal, with or without a writer at work.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row, params};

use crate::plan::RunId;
use crate::schedule::At;

use super::entry::JournalEntry;
use super::record::VERSION;
use super::seal::{SEALED_SINCE, seal};
use super::{Epoch, JournalError, OrchDir, Record};

/// The journal, open for reading while another process may write.
#[derive(Debug)]
pub struct JournalReader {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    epoch: Epoch,
}

impl JournalReader {
    /// Opens the journal for reading; `None` when there is no journal.
    ///
    /// # Errors
    ///
    /// When the journal exists and cannot be read.
    pub fn open(dir: &OrchDir) -> Result<Option<Self>, JournalError> {
        let path = dir.database();
        if !path.exists() {
            return Ok(None);
        }
        let read = |source| JournalError::Sqlite {
            path: path.clone(),
            verb: "read",
            source,
        };
        // Read-write where possible, because a reader of a WAL database has to make its shared-memory file. The type of
        // the connection ensures that only one thread uses it at a time, so SQLite needs no mutex for each value.
        let open = |flags| Connection::open_with_flags(&path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
        let connection = open(OpenFlags::SQLITE_OPEN_READ_WRITE)
            .or_else(|_| open(OpenFlags::SQLITE_OPEN_READ_ONLY))
            .map_err(read)?;
        connection.busy_timeout(Duration::from_secs(10)).map_err(read)?;
        let version: i64 = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(read)?;
        if version == 0 {
            refuse_foreign_tables(&connection, &path)?;
            return Ok(None);
        }
        if version > VERSION {
            return Err(JournalError::Newer {
                path,
                found: version,
                known: VERSION,
            });
        }
        let known: i64 = connection
            .query_row("SELECT count(*) FROM meta WHERE key = 'epoch'", [], |row| {
                row.get(0)
            })
            .map_err(read)?;
        if known == 0 {
            // In one statement, because a supervisor that is just starting may have written the epoch since.
            const ENTRIES: &str =
                "SELECT count(*) FROM events WHERE NOT EXISTS (SELECT 1 FROM meta WHERE key = 'epoch')";
            let entries: i64 = connection
                .query_row(ENTRIES, [], |row| row.get(0))
                .map_err(read)?;
            // The tables are made before the epoch is written, so without entries this is no damage.
            return match entries {
                0 => Ok(None),
                _ => Err(JournalError::Damaged {
                    path,
                    seq: 0,
                    why: "when it began is missing".to_owned(),
                }),
            };
        }
        let epoch = epoch(&connection, &path)?;
        Ok(Some(Self {
            connection,
            path,
            epoch,
        }))
    }

    /// The time at which the journal began.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The number of the last record; 0 when there are no records.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn last(&self) -> Result<i64, JournalError> {
        self.connection
            .query_row("SELECT coalesce(max(seq), 0) FROM events", [], |row| row.get(0))
            .map_err(|source| JournalError::Sqlite {
                path: self.path.clone(),
                verb: "read",
                source,
            })
    }

    /// The records after `seq`, in order; only those of `plan` if one is named.
    ///
    /// # Errors
    ///
    /// When the database cannot be read or an entry is damaged.
    pub fn after(&self, seq: i64, plan: Option<&str>) -> Result<Vec<Record>, JournalError> {
        self.filtered(seq, &|_, of| plan.is_none_or(|plan| of == Some(plan)))
    }

    /// The records after `seq` whose event's name and plan pass `keep`, in order.
    ///
    /// # Errors
    ///
    /// When the database cannot be read or an entry is damaged.
    pub fn filtered(
        &self,
        seq: i64,
        keep: &dyn Fn(&str, Option<&str>) -> bool,
    ) -> Result<Vec<Record>, JournalError> {
        read(&self.connection, &self.path, self.epoch, seq, keep)
    }
}

pub(super) fn epoch(connection: &Connection, path: &Path) -> Result<Epoch, JournalError> {
    let text: String = connection
        .query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0))
        .map_err(|source| JournalError::Sqlite {
            path: path.to_owned(),
            verb: "read",
            source,
        })?;
    let began = text.parse().map_err(|error: jiff::Error| JournalError::Damaged {
        path: path.to_owned(),
        seq: 0,
        why: error.to_string(),
    })?;
    Ok(Epoch::new(began))
}

/// Refuses a database with tables and version 0: its first page is damaged, and the hidden entries must not pass for an
/// empty journal.
pub(super) fn refuse_foreign_tables(connection: &Connection, path: &Path) -> Result<(), JournalError> {
    // In one statement, because the process that made the tables sets the version, if it was not set before.
    const TABLES: &str =
        "SELECT count(*) FROM sqlite_schema WHERE (SELECT user_version FROM pragma_user_version) = 0";
    let tables: i64 = connection
        .query_row(TABLES, [], |row| row.get(0))
        .map_err(|source| JournalError::Sqlite {
            path: path.to_owned(),
            verb: "read",
            source,
        })?;
    if tables == 0 {
        return Ok(());
    }
    Err(JournalError::Damaged {
        path: path.to_owned(),
        seq: 0,
        why: "it has tables and no version".to_owned(),
    })
}

/// Reads every record after `after`. Each record must match its seal, and none may be missing between the first and the
/// last.
pub(super) fn read(
    connection: &Connection,
    path: &Path,
    epoch: Epoch,
    after: i64,
    keep: &dyn Fn(&str, Option<&str>) -> bool,
) -> Result<Vec<Record>, JournalError> {
    let mut records = Vec::new();
    read_into(&mut records, (connection, path, epoch), after, keep)?;
    Ok(records)
}

/// Like [`read`], but keeps in `records` what was read before an error.
pub(super) fn read_into(
    records: &mut Vec<Record>,
    (connection, path, epoch): (&Connection, &Path, Epoch),
    after: i64,
    keep: &dyn Fn(&str, Option<&str>) -> bool,
) -> Result<(), JournalError> {
    let failed = |source| JournalError::Sqlite {
        path: path.to_owned(),
        verb: "read",
        source,
    };
    let version: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(failed)?;
    let seal_column = if version < SEALED_SINCE { "NULL" } else { "seal" };
    let mut select = connection
        .prepare_cached(&format!(
            "SELECT seq, at_ms, run, event, plan, phase, task, attempt, data, {seal_column} FROM events
             WHERE seq > ?1 ORDER BY seq",
        ))
        .map_err(failed)?;
    let mut rows = select.query(params![after]).map_err(failed)?;
    let mut expected = after + 1;
    while let Some(row) = rows.next().map_err(failed)? {
        let seq: i64 = row.get(0).map_err(failed)?;
        let damaged = |why: String| JournalError::Damaged {
            path: path.to_owned(),
            seq,
            why,
        };
        if seq != expected {
            return Err(damaged(format!("entry {expected} is missing")));
        }
        expected += 1;
        let at = At(u64::try_from(row.get::<_, i64>(1).map_err(failed)?).unwrap_or(0));
        let run = RunId(row.get(2).map_err(failed)?);
        let entry = JournalEntry {
            event: text(row, 3).map_err(failed)?,
            plan: text_or_none(row, 4).map_err(failed)?,
            phase: row.get(5).map_err(failed)?,
            task: text_or_none(row, 6).map_err(failed)?,
            attempt: text_or_none(row, 7).map_err(failed)?,
            data: text(row, 8).map_err(failed)?,
        };
        // `None` for an entry that was written before there were seals.
        let sealed: Option<i64> = row.get(9).map_err(failed)?;
        if sealed.is_some_and(|sealed| sealed != seal(epoch, seq, at, run, &entry)) {
            entry.check_data().map_err(|error| damaged(error.to_string()))?;
            return Err(damaged("its seal does not fit what it says".to_owned()));
        }
        // Filtered here and not by the query, which would trust a column before its seal is checked.
        if !keep(entry.event, entry.plan) {
            entry.check_data().map_err(|error| damaged(error.to_string()))?;
            continue;
        }
        records.push(Record {
            seq,
            at,
            wall: epoch.wall(at),
            run,
            event: entry.read().map_err(|error| damaged(error.to_string()))?,
        });
    }
    Ok(())
}

/// A text, borrowed from the row.
fn text<'r>(row: &'r Row<'_>, column: usize) -> rusqlite::Result<&'r str> {
    match row.get_ref(column)?.as_str() {
        Ok(text) => Ok(text),
        // Reading the column as a `String` gives a better error.
        Err(error) => Err(row.get::<_, String>(column).err().unwrap_or_else(|| error.into())),
    }
}

/// A text, borrowed from the row, or `None` for NULL.
fn text_or_none<'r>(row: &'r Row<'_>, column: usize) -> rusqlite::Result<Option<&'r str>> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        _ => text(row, column).map(Some),
    }
}
