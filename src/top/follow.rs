//! The log of an attempt, read as it grows.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::agent::{JobFolder, JobState, Readable};
use crate::report::Visible;

use super::model::LogPiece;

/// How much of a log's end is read first.
const TAIL: u64 = 8 << 20;
/// The most bytes to read at once.
const PIECE: u64 = 4 << 20;

/// Follows a log.
pub(super) struct Follower {
    plan: String,
    attempt: String,
    folder: JobFolder,
    readable: Readable,
    out: Visible<Vec<u8>>,
    inode: Option<u64>,
    at: u64,
    begun: bool,
    cut: bool,
    ended: bool,
}

impl Follower {
    /// Follows the log of the attempt in this folder.
    pub(super) fn new(plan: &str, attempt: &str, folder: PathBuf) -> Self {
        let folder = JobFolder::new(folder);
        let format = folder.job().map(|job| job.reading.format).unwrap_or_default();
        Self {
            plan: plan.to_owned(),
            attempt: attempt.to_owned(),
            folder,
            readable: Readable::new(format),
            out: Visible::new(Vec::new()),
            inode: None,
            at: 0,
            begun: false,
            cut: false,
            ended: false,
        }
    }

    /// True when it follows this attempt.
    pub(super) fn is_of(&self, plan: &str, attempt: &str) -> bool {
        self.plan == plan && self.attempt == attempt
    }

    /// The lines written since the last call; `None` for nothing new. True when more can be read at
    /// once.
    pub(super) fn more(&mut self) -> (Option<LogPiece>, bool) {
        if self.ended {
            return (None, false);
        }
        let anew = !std::mem::replace(&mut self.begun, true);
        // Checked first, so that output written before the end is still read below.
        let over = !matches!(self.folder.state(), Ok(JobState::Running(_) | JobState::Away(_)));
        let log = self.folder.log();
        let mut older = log.clone().into_os_string();
        older.push(".1");
        let older = PathBuf::from(older);
        let length = |path: &Path| path.metadata().map_or(0, |found| found.len());
        let inode = log.metadata().ok().map(|found| found.ino());
        if anew {
            let (old, new) = (length(&older), length(&log));
            self.at = new.saturating_sub(TAIL);
            self.cut = old + new > TAIL;
            let from = old.saturating_sub(TAIL.saturating_sub(new));
            if from < old && new < TAIL {
                self.read(&older, from, u64::MAX);
            }
        } else if self.inode != inode {
            // Rotated: read the rest of the old half, then the new half from its start.
            self.read(&older, self.at, u64::MAX);
            self.at = 0;
        }
        self.inode = inode;
        self.at += self.read(&log, self.at, PIECE);
        let more = self.at < length(&log);
        self.ended = over && !more;
        if self.ended {
            let _ = self.readable.end(&mut self.out);
        }
        let mut lines = self.lines();
        // The first line may be incomplete.
        if anew && self.cut && !lines.is_empty() {
            lines.remove(0);
        }
        let news = anew || self.ended || !lines.is_empty();
        let piece = news.then(|| LogPiece {
            plan: self.plan.clone(),
            attempt: self.attempt.clone(),
            anew,
            cut: self.cut,
            ended: self.ended,
            lines,
        });
        (piece, more)
    }

    /// Reads a file from an offset and returns the number of bytes. A missing file counts as empty.
    fn read(&mut self, path: &Path, from: u64, most: u64) -> u64 {
        let read = || -> std::io::Result<Vec<u8>> {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            file.take(most).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let bytes = read().unwrap_or_default();
        // Writing to memory cannot fail.
        let _ = self.readable.feed(&bytes, &mut self.out);
        bytes.len() as u64
    }

    /// The complete lines that were read; at the end of the job also the remaining text.
    fn lines(&mut self) -> Vec<String> {
        if self.ended {
            let _ = self.out.write_all(b"\n");
        }
        let text = self.out.inner_mut();
        let end = text
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let whole: Vec<u8> = text.drain(..end).collect();
        let whole = String::from_utf8_lossy(&whole);
        let mut lines: Vec<String> = whole.lines().map(|line| line.replace('\t', "    ")).collect();
        if self.ended && lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    }
}
