//! The process that holds a lock file of git.

use std::fmt::{Display, Formatter, Result};
use std::fs;
use std::path::Path;

/// A process that holds a lock file, or may hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockHolder {
    /// The process id, command line and state (as in `proc(5)`); `None` when the processes cannot be listed.
    process: Option<(String, String, char)>,
    has_it_open: bool,
}

impl LockHolder {
    /// The process of a folder in `/proc`. A process that does not have the file open is a git process that works in
    /// the repository and is as old as the lock.
    pub(in crate::git) fn of(process: &Path, has_it_open: bool) -> Self {
        let number = process.file_name().unwrap_or_default().to_string_lossy();
        let line = fs::read(process.join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line)
            .replace('\0', " ")
            .trim()
            .to_owned();
        let stat = fs::read(process.join("stat")).unwrap_or_default();
        let stat = String::from_utf8_lossy(&stat);
        let state = stat
            .rsplit_once(") ")
            .and_then(|(_, fields)| fields.chars().next());
        Self {
            process: Some((number.into_owned(), line, state.unwrap_or('?'))),
            has_it_open,
        }
    }

    /// An unknown holder: nobody can tell which process it is.
    pub(in crate::git) fn unknown() -> Self {
        Self {
            process: None,
            has_it_open: false,
        }
    }
}

impl Display for LockHolder {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Some((number, line, state)) = &self.process else {
            return write!(f, "any process may hold it, since `/proc` cannot be read");
        };
        write!(f, "process {number} (`{line}`, state {state}) ")?;
        f.write_str(if self.has_it_open {
            "has it open"
        } else {
            "works in this repository and is as old as the lock"
        })
    }
}
