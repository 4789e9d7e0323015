//! The journal in SQLite.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, params};

use crate::plan::RunId;
use crate::schedule::{At, Event};

use super::record::Columns;
use super::{Epoch, JournalError, OrchDir, Record};

/// Version of the tables.
const VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    seq     INTEGER PRIMARY KEY,
    at_ms   INTEGER NOT NULL,
    wall    TEXT NOT NULL,
    run     INTEGER NOT NULL,
    event   TEXT NOT NULL,
    plan    TEXT,
    phase   INTEGER,
    task    TEXT,
    attempt TEXT,
    data    TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_plan ON events (plan, seq);
";

/// The journal, open for writing. Only the holder of the repository lock has one.
#[derive(Debug)]
pub struct Journal {
    connection: Connection,
    path: PathBuf,
    epoch: Epoch,
    next: i64,
    sync: Sync,
}

/// What an entry must survive when `append` returns. The log is written in order, so the next entry that goes to the
/// disk takes all before it along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// A power cut: for what is written down before something is done that must not be done twice.
    Disk,
    /// The death of this process: for facts that the world still shows after a power cut.
    Process,
}

/// The journal, open for reading beside a writer.
#[derive(Debug)]
pub struct JournalReader {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    epoch: Epoch,
}

impl Journal {
    /// Opens the journal, making it when there is none; `now` is when a new one begins.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made, the database cannot be opened, or a later version wrote it.
    pub fn open(dir: &OrchDir, now: Timestamp) -> Result<Self, JournalError> {
        let path = dir.database();
        std::fs::create_dir_all(dir.path()).map_err(|source| JournalError::Open {
            path: dir.path().to_owned(),
            source,
        })?;
        let written = |source| JournalError::Sqlite {
            path: path.clone(),
            verb: "written",
            source,
        };
        let connection = Connection::open(&path).map_err(written)?;
        connection
            .busy_timeout(Duration::from_secs(10))
            .map_err(written)?;
        // FULL: a commit is on the disk before an effect of it is performed that must not be performed twice.
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
            .map_err(written)?;
        let found: i64 = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(written)?;
        if found > VERSION {
            return Err(JournalError::Newer {
                path,
                found,
                known: VERSION,
            });
        }
        if found < VERSION {
            let set = format!("BEGIN; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;");
            connection.execute_batch(&set).map_err(written)?;
        }
        connection
            .execute(
                "INSERT OR IGNORE INTO meta (key, value) VALUES ('epoch', ?1)",
                [now.to_string()],
            )
            .map_err(written)?;
        let epoch = epoch(&connection, &path)?;
        let last: i64 = connection
            .query_row("SELECT coalesce(max(seq), 0) FROM events", [], |row| row.get(0))
            .map_err(written)?;
        Ok(Self {
            connection,
            path,
            epoch,
            next: last + 1,
            sync: Sync::Disk,
        })
    }

    /// When the journal began.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Every record, in order.
    ///
    /// # Errors
    ///
    /// When the database cannot be read or an entry is damaged.
    pub fn read_all(&self) -> Result<Vec<Record>, JournalError> {
        read(&self.connection, &self.path, self.epoch, 0, None)
    }

    /// Writes events in one transaction. When this returns they survive the death of this process, and with
    /// [`Sync::Disk`] also a power cut.
    ///
    /// # Errors
    ///
    /// When the database cannot be written, for example because the disk is full; then none of them is written.
    pub fn append(
        &mut self,
        at: At,
        run: RunId,
        events: &[Event],
        sync: Sync,
    ) -> Result<Vec<Record>, JournalError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        self.set_sync(sync)?;
        let wall = self.epoch.wall(at);
        let records: Vec<Record> = (self.next..)
            .zip(events)
            .map(|(seq, event)| Record {
                seq,
                at,
                wall,
                run,
                event: event.clone(),
            })
            .collect();
        self.write(&records).map_err(|source| JournalError::Sqlite {
            path: self.path.clone(),
            verb: "written",
            source,
        })?;
        self.next += records.len() as i64;
        Ok(records)
    }

    fn set_sync(&mut self, sync: Sync) -> Result<(), JournalError> {
        if self.sync != sync {
            let level = match sync {
                Sync::Disk => "PRAGMA synchronous = FULL",
                Sync::Process => "PRAGMA synchronous = NORMAL",
            };
            self.connection
                .execute_batch(level)
                .map_err(|source| JournalError::Sqlite {
                    path: self.path.clone(),
                    verb: "written",
                    source,
                })?;
            self.sync = sync;
        }
        Ok(())
    }

    fn write(&mut self, records: &[Record]) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO events (seq, at_ms, wall, run, event, plan, phase, task, attempt, data)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?;
            for record in records {
                let columns = Columns::of(&record.event);
                insert.execute(params![
                    record.seq,
                    i64::try_from(record.at.0).unwrap_or(i64::MAX),
                    record.wall.to_string(),
                    record.run.0,
                    columns.event,
                    columns.plan,
                    columns.phase,
                    columns.task,
                    columns.attempt,
                    serde_json::Value::Object(columns.data).to_string(),
                ])?;
            }
        }
        transaction.commit()
    }
}

impl JournalReader {
    /// Opens the journal for reading; none when there is none.
    ///
    /// # Errors
    ///
    /// When it is there and cannot be read.
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
        // Read-write where possible: a reader of a WAL database has to make its shared-memory file.
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .or_else(|_| Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY))
            .map_err(read)?;
        connection.busy_timeout(Duration::from_secs(10)).map_err(read)?;
        let version: i64 = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(read)?;
        if version == 0 {
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
            return Ok(None);
        }
        let epoch = epoch(&connection, &path)?;
        Ok(Some(Self {
            connection,
            path,
            epoch,
        }))
    }

    /// When the journal began.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The number of the last record; 0 when there is none.
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

    /// The records after `seq`, in order; of one plan only where one is named.
    ///
    /// # Errors
    ///
    /// When the database cannot be read or an entry is damaged.
    pub fn after(&self, seq: i64, plan: Option<&str>) -> Result<Vec<Record>, JournalError> {
        read(&self.connection, &self.path, self.epoch, seq, plan)
    }
}

fn epoch(connection: &Connection, path: &Path) -> Result<Epoch, JournalError> {
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

fn read(
    connection: &Connection,
    path: &Path,
    epoch: Epoch,
    after: i64,
    plan: Option<&str>,
) -> Result<Vec<Record>, JournalError> {
    let mut records = Vec::new();
    read_into(&mut records, (connection, path, epoch), after, plan)?;
    Ok(records)
}

/// As [`read`]; what was read before an error is there all the same.
pub(super) fn read_into(
    records: &mut Vec<Record>,
    (connection, path, epoch): (&Connection, &Path, Epoch),
    after: i64,
    plan: Option<&str>,
) -> Result<(), JournalError> {
    let failed = |source| JournalError::Sqlite {
        path: path.to_owned(),
        verb: "read",
        source,
    };
    let mut select = connection
        .prepare_cached(
            "SELECT seq, at_ms, run, event, plan, phase, task, attempt, data FROM events
             WHERE seq > ?1 AND (?2 IS NULL OR plan = ?2) ORDER BY seq",
        )
        .map_err(failed)?;
    let mut rows = select.query(params![after, plan]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let seq: i64 = row.get(0).map_err(failed)?;
        let damaged = |why: String| JournalError::Damaged {
            path: path.to_owned(),
            seq,
            why,
        };
        let at = At(u64::try_from(row.get::<_, i64>(1).map_err(failed)?).unwrap_or(0));
        let data: String = row.get(8).map_err(failed)?;
        let columns = Columns {
            event: row.get(3).map_err(failed)?,
            plan: row.get(4).map_err(failed)?,
            phase: row.get(5).map_err(failed)?,
            task: row.get(6).map_err(failed)?,
            attempt: row.get(7).map_err(failed)?,
            data: serde_json::from_str(&data).map_err(|error| damaged(error.to_string()))?,
        };
        records.push(Record {
            seq,
            at,
            wall: epoch.wall(at),
            run: RunId(row.get(2).map_err(failed)?),
            event: columns.event().map_err(|error| damaged(error.to_string()))?,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch() -> (tempfile::TempDir, OrchDir) {
        let folder = tempfile::tempdir().unwrap();
        let dir = OrchDir::new(folder.path());
        (folder, dir)
    }

    #[test]
    fn what_was_appended_is_read_back_after_opening_again() {
        let (_folder, dir) = scratch();
        let start: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let mut journal = Journal::open(&dir, start).unwrap();
        let event = Event::PlanFinished {
            plan: "auth".parse().unwrap(),
        };
        let written = journal
            .append(
                At(1500),
                RunId(1),
                &[event.clone(), Event::RunSettled {}],
                Sync::Disk,
            )
            .unwrap();
        drop(journal);
        let journal = Journal::open(&dir, "2030-01-01T00:00:00Z".parse().unwrap()).unwrap();
        assert_eq!(journal.read_all().unwrap(), written);
        assert_eq!(written[0].wall.to_string(), "2026-01-02T03:04:06.5Z");
        let reader = JournalReader::open(&dir).unwrap().unwrap();
        let of_plan = reader.after(0, Some("auth")).unwrap();
        assert_eq!(of_plan.iter().map(|r| &r.event).collect::<Vec<_>>(), [&event]);
        assert_eq!(reader.after(1, None).unwrap().len(), 1);
    }

    #[test]
    fn a_repository_without_a_journal_reads_as_none() {
        let (_folder, dir) = scratch();
        assert!(JournalReader::open(&dir).unwrap().is_none());
    }

    #[test]
    fn a_later_schema_and_a_damaged_entry_are_refused_by_name() {
        let (_folder, dir) = scratch();
        let mut journal = Journal::open(&dir, Timestamp::UNIX_EPOCH).unwrap();
        journal
            .append(At(0), RunId(1), &[Event::RunSettled {}], Sync::Process)
            .unwrap();
        journal
            .connection
            .execute("UPDATE events SET event = 'no.such'", [])
            .unwrap();
        let damaged = journal.read_all().unwrap_err();
        assert!(damaged.to_string().contains("damaged at entry 1"), "{damaged}");
        journal
            .connection
            .execute_batch("PRAGMA user_version = 99")
            .unwrap();
        drop(journal);
        let newer = Journal::open(&dir, Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(newer.to_string().contains("schema 99"), "{newer}");
    }
}
