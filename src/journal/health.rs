//! Checking that the journal can be read, and saving the readable part of a damaged journal.

use std::path::PathBuf;

use rusqlite::{Connection, OpenFlags};

use super::error::{is_disk_full, is_out_of_reach};
use super::{Epoch, JournalError, JournalReader, OrchDir, Record};

/// The result of checking the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// There is no journal.
    Missing,
    /// Every entry can be read.
    Fine,
    /// A later version wrote the journal.
    Newer(String),
    /// The disk has too little space to open the journal.
    Full(String),
    /// The journal cannot be opened here and now, which says nothing about its content.
    OutOfReach(String),
    /// The journal cannot be read to its end.
    Damaged(String),
}

/// Reads the whole journal and lets SQLite check itself. Changes nothing.
pub fn health(dir: &OrchDir) -> Health {
    let damaged = |error: &dyn std::fmt::Display| Health::Damaged(error.to_string());
    let unread = |error: &JournalError| match error.is_out_of_reach() {
        _ if error.is_disk_full() => Health::Full(error.to_string()),
        true => Health::OutOfReach(error.to_string()),
        false => damaged(error),
    };
    let reader = match JournalReader::open(dir) {
        Ok(Some(reader)) => reader,
        Ok(None) if std::fs::metadata(dir.database()).is_ok_and(|file| file.len() > 0) => {
            return match reader_of_empty(dir) {
                Ok(()) => Health::Missing,
                Err(error) if is_disk_full(&error, &dir.database()) => Health::Full(error.to_string()),
                Err(error) if is_out_of_reach(&error) => Health::OutOfReach(error.to_string()),
                Err(error) => damaged(&error),
            };
        }
        Ok(None) => return Health::Missing,
        Err(error @ JournalError::Newer { .. }) => return Health::Newer(error.to_string()),
        Err(error) => return unread(&error),
    };
    if let Err(error) = reader.after(0, None) {
        return unread(&error);
    }
    match reader.quick_check() {
        Ok(None) => Health::Fine,
        Ok(Some(why)) => Health::Damaged(why),
        Err(error) if is_disk_full(&error, &dir.database()) => Health::Full(error.to_string()),
        Err(error) if is_out_of_reach(&error) => Health::OutOfReach(error.to_string()),
        Err(error) => damaged(&error),
    }
}

fn reader_of_empty(dir: &OrchDir) -> rusqlite::Result<()> {
    let connection = Connection::open_with_flags(dir.database(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))
}

/// The entries before the first unreadable one, with the time they count from. `None` when not even that time can be
/// read.
pub fn salvage(dir: &OrchDir) -> Option<(Epoch, Vec<Record>)> {
    let reader = JournalReader::open(dir).ok().flatten()?;
    Some((reader.epoch(), reader.readable()))
}

/// Renames the database and its companion files, so that a new database can take their place. Deletes nothing. Returns
/// the new name.
///
/// # Errors
///
/// When a file cannot be renamed.
pub fn set_aside(dir: &OrchDir, stamp: &str) -> Result<PathBuf, JournalError> {
    let path = dir.database();
    let mut to = dir.path().join(format!("orch.db.damaged-{stamp}"));
    let mut copy = 1;
    while to.exists() {
        copy += 1;
        to = dir.path().join(format!("orch.db.damaged-{stamp}-{copy}"));
    }
    // The log goes first: SQLite would replay it into a new database of the same name.
    for tail in ["-wal", "-shm", ""] {
        let with = |file: &PathBuf| {
            let mut name = file.as_os_str().to_owned();
            name.push(tail);
            PathBuf::from(name)
        };
        match std::fs::rename(with(&path), with(&to)) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(JournalError::Open { path, source });
            }
            _ => {}
        }
    }
    Ok(to)
}

impl JournalReader {
    /// SQLite's first finding about its own pages; `None` when they are sound.
    fn quick_check(&self) -> rusqlite::Result<Option<String>> {
        let said: String = self
            .connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        Ok((said != "ok").then_some(said))
    }

    /// The entries before the first damaged or missing one.
    fn readable(&self) -> Vec<Record> {
        let mut records = Vec::new();
        let from = (&self.connection, self.path.as_path(), self.epoch());
        // The error that ends the reading is the damage itself.
        let _ = super::reader::read_into(&mut records, from, 0, &|_, _| true);
        records
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Journal, Sync};
    use crate::plan::RunId;
    use crate::schedule::{At, Event};

    fn scratch(events: usize) -> (tempfile::TempDir, OrchDir) {
        let folder = tempfile::tempdir().unwrap();
        let dir = OrchDir::new(folder.path());
        let mut journal = Journal::open(&dir, jiff::Timestamp::UNIX_EPOCH).unwrap();
        for _ in 0..events {
            journal
                .append(At(0), RunId(1), &[Event::RunSettled {}], Sync::Process)
                .unwrap();
        }
        (folder, dir)
    }

    #[test]
    fn a_sound_journal_is_fine_and_none_is_missing() {
        let (_folder, dir) = scratch(3);
        assert_eq!(health(&dir), Health::Fine);
        let away = set_aside(&dir, "T").unwrap();
        assert!(away.exists());
        assert_eq!(health(&dir), Health::Missing);
    }

    #[test]
    fn what_stands_before_the_damage_is_saved_and_nothing_after_it() {
        let (_folder, dir) = scratch(5);
        let connection = Connection::open(dir.database()).unwrap();
        connection
            .execute("UPDATE events SET event = 'x' WHERE seq = 4", [])
            .unwrap();
        assert!(matches!(health(&dir), Health::Damaged(_)));
        assert_eq!(salvage(&dir).unwrap().1.len(), 3);
        connection
            .execute("DELETE FROM events WHERE seq = 2", [])
            .unwrap();
        assert_eq!(salvage(&dir).unwrap().1.len(), 1);
    }

    #[test]
    fn a_file_that_is_no_database_is_damaged_and_set_aside_whole() {
        let (_folder, dir) = scratch(0);
        std::fs::write(dir.database(), "no database, but long enough to be taken for one").unwrap();
        let _ = std::fs::remove_file(dir.path().join("orch.db-wal"));
        assert!(matches!(health(&dir), Health::Damaged(_)), "{:?}", health(&dir));
        assert!(salvage(&dir).is_none());
        let first = set_aside(&dir, "T").unwrap();
        std::fs::write(dir.database(), "again").unwrap();
        let second = set_aside(&dir, "T").unwrap();
        assert_ne!(first, second);
        assert_eq!(std::fs::read_to_string(second).unwrap(), "again");
    }
}
