//! The journal in SQLite.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::failpoint;
use crate::plan::RunId;
use crate::schedule::{At, Event};

use super::entry::JournalEntry;
use super::on_disk::{Mark, OnDisk};
use super::reader::{epoch, read, refuse_foreign_tables};
use super::record::{Columns, VERSION};
use super::seal::seal;
use super::{Epoch, JournalError, OrchDir, Record};

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
    data    TEXT NOT NULL,
    seal    INTEGER
);
";

/// The change from the first version to the second. Entries are always read whole, so no query used the index.
const SEALED: &str = "ALTER TABLE events ADD COLUMN seal INTEGER; DROP INDEX IF EXISTS events_plan;";

/// The journal, open for writing. Only the holder of the repository lock has a `Journal`.
#[derive(Debug)]
pub struct Journal {
    connection: Connection,
    path: PathBuf,
    epoch: Epoch,
    next: i64,
    on_disk: Arc<OnDisk>,
}

/// What an entry must survive when `append` returns. The log is written in order, so the next entry that is synced to
/// the disk takes all earlier ones with it. [`Journal::mark`] serves callers that wait later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// A power cut: for entries that are written before an action that must not happen twice.
    Disk,
    /// The death of this process: for facts that can still be observed after a power cut.
    Process,
}

impl Journal {
    /// Opens the journal and makes a missing one. A new journal begins at `now`.
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
        // FULL until the tables exist. After that, callers wait for the entries that must be on the disk.
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
            let change = match found {
                0 => {
                    refuse_foreign_tables(&connection, &path)?;
                    TABLES
                }
                1 => SEALED,
                _ => "",
            };
            let set = format!("BEGIN; {change} PRAGMA user_version = {VERSION}; COMMIT;");
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
        connection
            .execute_batch("PRAGMA synchronous = NORMAL;")
            .map_err(written)?;
        // An earlier process may have written the last entries without waiting. The first wait covers them too.
        let on_disk = Arc::new(OnDisk::of(&path, 0));
        on_disk.note(last);
        Ok(Self {
            connection,
            path,
            epoch,
            next: last + 1,
            on_disk,
        })
    }

    /// The time at which the journal began.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Every record, in order.
    ///
    /// # Errors
    ///
    /// When the database cannot be read or an entry is damaged.
    pub fn read_all(&self) -> Result<Vec<Record>, JournalError> {
        read(&self.connection, &self.path, self.epoch, 0, &|_, _| true)
    }

    /// Writes events in one transaction. When `append` returns, they survive the death of this process and, with
    /// [`Sync::Disk`], also a power cut.
    ///
    /// # Errors
    ///
    /// When the database cannot be written, for example because the disk is full. Then none of the events is written.
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
        self.on_disk.note(self.next - 1);
        match sync {
            Sync::Disk => self.mark().reach()?,
            Sync::Process => {}
        }
        Ok(records)
    }

    /// The position after the last entry, for waiting.
    pub fn mark(&self) -> Mark {
        Mark {
            on_disk: self.on_disk.clone(),
            entry: self.next - 1,
        }
    }

    /// Writes all records or none.
    fn write(&self, records: &[Record]) -> rusqlite::Result<()> {
        // The statements are prepared once: parsing them each time took as long as writing an entry.
        let do_it = |step: &str| self.connection.prepare_cached(step)?.execute([]);
        do_it("BEGIN")?;
        let written = self
            .insert(records)
            .and_then(|()| failpoint::around("journal.commit", || do_it("COMMIT")));
        if written.is_err() && !self.connection.is_autocommit() {
            let _ = do_it("ROLLBACK");
        }
        written.map(|_| ())
    }

    fn insert(&self, records: &[Record]) -> rusqlite::Result<()> {
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO events (seq, at_ms, wall, run, event, plan, phase, task, attempt, data, seal)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?;
        for record in records {
            let columns = Columns::of(&record.event);
            let data = serde_json::to_string(&columns.data)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
            let entry = JournalEntry::of(&columns, &data);
            let seal = seal(self.epoch, record.seq, record.at, record.run, &entry);
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
                data,
                seal,
            ])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::JournalReader;
    use crate::schedule::OfPlan;

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
        let event = Event::PlanFinished(OfPlan {
            plan: "auth".parse().unwrap(),
        });
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
    fn whatever_is_changed_in_an_entry_or_taken_away_is_noticed() {
        let finished = |plan: &str| {
            Event::PlanFinished(OfPlan {
                plan: plan.parse().unwrap(),
            })
        };
        for change in [
            "UPDATE events SET plan = 'b' WHERE seq = 2",
            "UPDATE events SET at_ms = at_ms + 1 WHERE seq = 2",
            "UPDATE events SET run = 2 WHERE seq = 2",
            "UPDATE events SET phase = 1 WHERE seq = 2",
            "UPDATE events SET data = '{\"why\":\"another\"}' WHERE seq = 2",
            "DELETE FROM events WHERE seq = 1",
            "DELETE FROM events WHERE seq = 2",
            "UPDATE meta SET value = '2026-01-02T03:04:06Z'",
            "DELETE FROM meta",
            "PRAGMA user_version = 0",
        ] {
            let (_folder, dir) = scratch();
            let mut journal = Journal::open(&dir, Timestamp::UNIX_EPOCH).unwrap();
            let events = [finished("a"), finished("a"), finished("a")];
            journal.append(At(7), RunId(1), &events, Sync::Process).unwrap();
            assert_eq!(journal.read_all().unwrap().len(), 3);
            journal.connection.execute_batch(change).unwrap();
            drop(journal);
            let read = JournalReader::open(&dir).and_then(|reader| reader.unwrap().after(0, None));
            assert!(
                matches!(read, Err(JournalError::Damaged { .. })),
                "{change}: {read:?}"
            );
            let read = Journal::open(&dir, Timestamp::now()).and_then(|journal| journal.read_all());
            assert!(
                matches!(read, Err(JournalError::Damaged { .. })),
                "{change}: {read:?}"
            );
        }
    }

    #[test]
    fn a_journal_without_seals_is_read_and_goes_on_with_them() {
        let (_folder, dir) = scratch();
        let mut journal = Journal::open(&dir, Timestamp::UNIX_EPOCH).unwrap();
        let settled = [Event::RunSettled {}];
        journal.append(At(0), RunId(1), &settled, Sync::Process).unwrap();
        journal
            .connection
            .execute_batch(
                "ALTER TABLE events DROP COLUMN seal; CREATE INDEX events_plan ON events (plan, seq);
                 PRAGMA user_version = 1;",
            )
            .unwrap();
        drop(journal);
        let reader = JournalReader::open(&dir).unwrap().unwrap();
        assert_eq!(reader.after(0, None).unwrap().len(), 1);
        drop(reader);
        let mut journal = Journal::open(&dir, Timestamp::UNIX_EPOCH).unwrap();
        journal.append(At(1), RunId(1), &settled, Sync::Process).unwrap();
        assert_eq!(journal.read_all().unwrap().len(), 2);
        let sealed: i64 = journal
            .connection
            .query_row("SELECT count(seal) FROM events", [], |row| row.get(0))
            .unwrap();
        assert_eq!(sealed, 1);
        // An older program refuses it from now on, and says why.
        let version: i64 = journal
            .connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .unwrap();
        assert_eq!(version, VERSION);
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
