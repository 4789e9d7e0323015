//! When output was logged: beside each log a file with one line for each second in which something came.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

/// The file with the times of a log.
pub(super) fn times_of(log: &Path) -> PathBuf {
    let mut file: OsString = log.as_os_str().to_owned();
    file.push(".times");
    file.into()
}

/// Writes the times of a log. A time that cannot be written is left out: output matters more.
#[derive(Debug)]
pub(super) struct TimesWriter {
    path: PathBuf,
    file: Option<File>,
    last: i64,
}

impl TimesWriter {
    /// For the log at this path. The file is made with the first output.
    pub(super) fn new(log: &Path) -> Self {
        Self {
            path: times_of(log),
            file: None,
            last: i64::MIN,
        }
    }

    /// Notes that the bytes from `offset` on come at this time.
    pub(super) fn note(&mut self, offset: u64, at: Timestamp) {
        let second = at.as_second();
        if second == self.last {
            return;
        }
        self.last = second;
        if self.file.is_none() {
            let opened = OpenOptions::new().create(true).append(true).open(&self.path);
            self.file = opened.ok();
        }
        if let Some(file) = &mut self.file {
            let _ = file.write_all(format!("{offset} {second}\n").as_bytes());
        }
    }

    /// The log was moved to `older`: its times move with it.
    pub(super) fn rotate(&mut self, older: &Path) {
        let _ = fs::rename(&self.path, times_of(older));
        self.file = None;
        self.last = i64::MIN;
    }
}

/// The times of a log, as pairs of an offset and the time at which its byte was logged, in order. Empty when there are none, as
/// for a log that came from another machine.
pub(super) fn read_times(log: &Path) -> Vec<(u64, Timestamp)> {
    let text = fs::read_to_string(times_of(log)).unwrap_or_default();
    let pairs = text.lines().filter_map(|line| {
        let (offset, second) = line.split_once(' ')?;
        let at = Timestamp::from_second(second.parse().ok()?).ok()?;
        Some((offset.parse().ok()?, at))
    });
    pairs.collect()
}
