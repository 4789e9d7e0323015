//! A log of limited size: when the log is full, its older half is rotated away.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::line_times::TimesWriter;

/// The most bytes that `log` and `log.1` hold together: 32 MiB.
pub const LOG_LIMIT: u64 = 32 << 20;

/// The output of one job.
#[derive(Debug)]
pub struct Log {
    file: File,
    times: TimesWriter,
    path: PathBuf,
    size: u64,
    total: u64,
    limit: u64,
}

impl Log {
    /// Opens the log for appending.
    ///
    /// # Errors
    ///
    /// When the log cannot be opened.
    pub fn open(path: &Path, limit: u64) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let size = file.metadata()?.len();
        Ok(Self {
            file,
            times: TimesWriter::new(path),
            path: path.to_owned(),
            size,
            total: size,
            limit,
        })
    }

    /// Appends what came at this time, after rotating when the current half is full.
    ///
    /// # Errors
    ///
    /// When the disk refuses. Earlier output stays.
    pub fn append(&mut self, bytes: &[u8], at: Timestamp) -> io::Result<()> {
        if self.size > 0 && self.size + bytes.len() as u64 > self.limit / 2 {
            let mut older = self.path.clone().into_os_string();
            older.push(".1");
            std::fs::rename(&self.path, &older)?;
            self.times.rotate(Path::new(&older));
            self.file = OpenOptions::new().create(true).append(true).open(&self.path)?;
            self.size = 0;
        }
        self.times.note(self.size, at);
        self.file.write_all(bytes)?;
        self.size += bytes.len() as u64;
        self.total += bytes.len() as u64;
        Ok(())
    }

    /// Bytes appended so far, including those rotated away.
    pub fn total(&self) -> u64 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_stays_within_the_limit_and_its_end_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = Log::open(&path, 1000).unwrap();
        for n in 0..1000 {
            log.append(format!("line {n:04}\n").as_bytes(), Timestamp::UNIX_EPOCH)
                .unwrap();
        }
        let newer = std::fs::read_to_string(&path).unwrap();
        let older = std::fs::read_to_string(folder.path().join("log.1")).unwrap();
        assert!(newer.len() + older.len() <= 1000);
        assert!(newer.ends_with("line 0999\n"));
        assert!(older.len() >= 490);
        assert_eq!(log.total(), 10_000);
    }
}
