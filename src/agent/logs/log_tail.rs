//! The end of a log.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::agent::jobs::folder::JobFolder;
use crate::agent::reader::Readable;

/// How many bytes at the end of a log are searched for its last line.
const LAST_LINE: usize = 2048;

/// How many times larger than its readable text an event may be, for reading the end of a log.
const RAW: usize = 64;

impl JobFolder {
    /// The last `bytes` of the output, from the start of a line, with invalid UTF-8 replaced.
    pub fn tail(&self, bytes: usize) -> String {
        let read = || -> io::Result<Vec<u8>> {
            let mut file = File::open(self.log())?;
            let length = file.metadata()?.len();
            let from = length.saturating_sub(bytes as u64);
            file.seek(SeekFrom::Start(from))?;
            let mut tail = Vec::new();
            file.take(bytes as u64).read_to_end(&mut tail)?;
            if from > 0
                && let Some(newline) = tail.iter().position(|byte| *byte == b'\n')
            {
                tail.drain(..=newline);
            }
            Ok(tail)
        };
        String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
    }

    /// The last `bytes` of the readable output: events in words, as in `orch logs`.
    pub fn readable_tail(&self, bytes: usize) -> String {
        let format = self.job().map(|job| job.reading.format).unwrap_or_default();
        let mut readable = Readable::new(format);
        let mut text = Vec::new();
        // The JSON of an event is many times larger than its readable text.
        let raw = self.tail(bytes.saturating_mul(RAW));
        let written = readable.feed(raw.as_bytes(), &mut text);
        // Writing to memory does not fail.
        let _ = written.and_then(|()| readable.end(&mut text));
        let text = String::from_utf8_lossy(&text);
        let text = text.trim_end();
        let mut from = text.len().saturating_sub(bytes);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        let tail = &text[from..];
        let whole = tail
            .find('\n')
            .filter(|_| from > 0)
            .map_or(tail, |end| &tail[end + 1..]);
        whole.to_owned()
    }

    /// The last line of the readable output that is not blank; `None` when there is no output.
    pub fn last_line(&self) -> Option<String> {
        let tail = self.readable_tail(LAST_LINE);
        let last = tail.lines().rev().find(|line| !line.trim().is_empty());
        last.map(|line| line.trim_end().to_owned())
    }
}
