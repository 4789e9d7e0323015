//! The log of an attempt, read as it grows.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::agent::{JobFolder, JobState, Readable};
use crate::report::Visible;

use super::model::LogPiece;

/// So much of a log's end is read at first.
const TAIL: u64 = 8 << 20;
/// Most bytes of a piece.
const PIECE: u64 = 4 << 20;

/// Who reads a log.
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
    /// Of the attempt in this folder.
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

    /// True when it reads this attempt.
    pub(super) fn is_of(&self, plan: &str, attempt: &str) -> bool {
        self.plan == plan && self.attempt == attempt
    }

    /// What was written since the last time; none for nothing. True when there is more at once.
    pub(super) fn more(&mut self) -> (Option<LogPiece>, bool) {
        if self.ended {
            return (None, false);
        }
        let anew = !std::mem::replace(&mut self.begun, true);
        // Looked at first: what is written before the end is read after it.
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
            // Rotated: the rest of the old half, then the new one from its start.
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
        // In the middle of a line nobody begins to read.
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

    /// Reads a file from a place on; says how much. A file that is not there is empty.
    fn read(&mut self, path: &Path, from: u64, most: u64) -> u64 {
        let read = || -> std::io::Result<Vec<u8>> {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            file.take(most).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let bytes = read().unwrap_or_default();
        // Writing to memory does not fail.
        let _ = self.readable.feed(&bytes, &mut self.out);
        bytes.len() as u64
    }

    /// The whole lines that were read; at the end also what is left.
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
