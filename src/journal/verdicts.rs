//! Verdicts on trees, stored beside the journal. A tree that was verified once, by the same command in the same
//! environment, need not be verified again, in any run.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::{JournalError, OrchDir};

const TABLE: &str = "
CREATE TABLE IF NOT EXISTS verdicts (
    tree        TEXT NOT NULL,
    command     TEXT NOT NULL,
    environment TEXT NOT NULL,
    runs        INTEGER NOT NULL,
    reds        INTEGER NOT NULL,
    green       INTEGER NOT NULL,
    why         TEXT NOT NULL,
    took_ms     INTEGER NOT NULL,
    at          TEXT NOT NULL,
    PRIMARY KEY (tree, command, environment)
) WITHOUT ROWID;
";

/// How many earlier runs are used to tell how long a run takes.
const LOOKED_AT: i64 = 200;

/// The verdicts on one repository's trees.
#[derive(Debug)]
pub struct Verdicts {
    connection: Connection,
    path: PathBuf,
}

/// The subject of a verdict: the tree, the command and the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerdictKey {
    /// The tree's id.
    pub tree: String,
    /// The shell line.
    pub command: String,
    /// A value that stands for everything in the environment that could matter.
    pub environment: String,
}

/// The stored verdict on a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownVerdict {
    /// True when the last run passed.
    pub green: bool,
    /// How many runs failed.
    pub reds: u32,
    /// The reason of the last failed run.
    pub why: String,
    /// How long the last run took.
    pub took: Duration,
}

impl Verdicts {
    /// Opens the verdicts in a journal's database, which must exist.
    ///
    /// # Errors
    ///
    /// When the database is missing, or cannot be opened or written.
    pub fn open(dir: &OrchDir) -> Result<Self, JournalError> {
        let path = dir.database();
        let open = || {
            let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            connection.busy_timeout(Duration::from_secs(10))?;
            connection.execute_batch(TABLE)?;
            Ok(connection)
        };
        let connection = open().map_err(failed(&path, "opened"))?;
        Ok(Self { connection, path })
    }

    /// Opens the verdicts only for reading. Reading then fails when no verdict was ever stored.
    ///
    /// # Errors
    ///
    /// When the database is missing or cannot be opened.
    pub fn look(dir: &OrchDir) -> Result<Self, JournalError> {
        let path = dir.database();
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        let connection = connection.map_err(failed(&path, "opened"))?;
        Ok(Self { connection, path })
    }

    /// The stored verdict on this tree.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn find(&self, key: &VerdictKey) -> Result<Option<KnownVerdict>, JournalError> {
        let found = self.connection.query_row(
            "SELECT green, reds, why, took_ms FROM verdicts WHERE tree = ?1 AND command = ?2 AND environment = ?3",
            params![key.tree, key.command, key.environment],
            |row| {
                Ok(KnownVerdict {
                    green: row.get(0)?,
                    reds: row.get(1)?,
                    why: row.get(2)?,
                    took: Duration::from_millis(row.get::<_, i64>(3)?.unsigned_abs()),
                })
            },
        );
        found.optional().map_err(failed(&self.path, "read"))
    }

    /// Stores the result of a run; `why` is `None` for a run that passed.
    ///
    /// # Errors
    ///
    /// When the database cannot be written.
    pub fn note(&self, key: &VerdictKey, why: Option<&str>, took: Duration) -> Result<(), JournalError> {
        let written = self.connection.execute(
            "INSERT INTO verdicts (tree, command, environment, runs, reds, green, why, took_ms, at)
             VALUES (?1, ?2, ?3, 1, ?4, 1 - ?4, ?5, ?6, ?7)
             ON CONFLICT DO UPDATE SET runs = runs + 1, reds = reds + excluded.reds, green = excluded.green,
                 why = CASE excluded.reds WHEN 1 THEN excluded.why ELSE why END,
                 took_ms = excluded.took_ms, at = excluded.at",
            params![
                key.tree,
                key.command,
                key.environment,
                i64::from(why.is_some()),
                why.unwrap_or_default(),
                i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
                Timestamp::now().to_string(),
            ],
        );
        written.map(|_| ()).map_err(failed(&self.path, "written"))
    }

    /// Forgets every red verdict, because a person wants another try.
    ///
    /// # Errors
    ///
    /// When the database cannot be written.
    pub fn forget_reds(&self) -> Result<(), JournalError> {
        let forgotten = self
            .connection
            .execute("DELETE FROM verdicts WHERE green = 0", []);
        forgotten.map(|_| ()).map_err(failed(&self.path, "written"))
    }

    /// How long the passed runs of the command took, latest first.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn took(&self, command: &str) -> Result<Vec<Duration>, JournalError> {
        let read = || {
            let mut query = self.connection.prepare_cached(
                "SELECT took_ms FROM verdicts WHERE command = ?1 AND green = 1 ORDER BY at DESC LIMIT ?2",
            )?;
            let rows = query.query_map(params![command, LOOKED_AT], |row| row.get::<_, i64>(0))?;
            rows.map(|row| Ok(Duration::from_millis(row?.unsigned_abs())))
                .collect::<rusqlite::Result<Vec<Duration>>>()
        };
        read().map_err(failed(&self.path, "read"))
    }
}

fn failed(path: &std::path::Path, verb: &'static str) -> impl FnOnce(rusqlite::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::Sqlite { path, verb, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal;

    #[test]
    fn a_verdict_is_kept_for_its_tree_command_and_environment_and_a_red_one_can_be_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let dir = OrchDir::new(folder.path());
        assert!(Verdicts::open(&dir).is_err(), "no database is made");
        drop(Journal::open(&dir, Timestamp::UNIX_EPOCH).unwrap());
        let key = |tree: &str, command: &str, environment: &str| VerdictKey {
            tree: tree.to_owned(),
            command: command.to_owned(),
            environment: environment.to_owned(),
        };
        let (one, two) = (key("1", "test", "e"), key("2", "test", "e"));
        let verdicts = Verdicts::open(&dir).unwrap();
        let second = Duration::from_secs(1);
        verdicts.note(&one, Some("broke"), second).unwrap();
        verdicts.note(&one, None, second * 2).unwrap();
        verdicts.note(&two, Some("fell"), second).unwrap();
        verdicts.note(&two, Some("fell again"), second).unwrap();
        drop(verdicts);
        let verdicts = Verdicts::open(&dir).unwrap();
        let known = verdicts.find(&one).unwrap().unwrap();
        assert_eq!((known.green, known.reds, known.why.as_str()), (true, 1, "broke"));
        let red = verdicts.find(&two).unwrap().unwrap();
        assert_eq!((red.green, red.reds, red.why.as_str()), (false, 2, "fell again"));
        for other in [
            key("1", "make", "e"),
            key("1", "test", "f"),
            key("3", "test", "e"),
        ] {
            assert_eq!(verdicts.find(&other).unwrap(), None);
        }
        assert_eq!(verdicts.took("test").unwrap(), [second * 2]);
        verdicts.forget_reds().unwrap();
        assert_eq!(verdicts.find(&two).unwrap(), None);
        assert!(verdicts.find(&one).unwrap().is_some());
    }
}
