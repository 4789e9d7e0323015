//! Following a log while it grows.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::line_times::read_times;

use crate::agent::jobs::folder::{JobFolder, JobState};
use crate::agent::reader::Readable;

/// Reads the log of a job from its beginning, then everything that is appended, across rotations.
#[derive(Debug)]
pub struct LogFollower {
    folder: JobFolder,
    readable: Readable,
    at: Option<LogPlace>,
}

/// How far a log has been read.
#[derive(Debug)]
struct LogPlace {
    offset: u64,
    inode: Option<u64>,
}

impl LogFollower {
    /// A follower of this job's log; `raw` leaves the output unchanged.
    pub fn new(folder: JobFolder, raw: bool) -> Self {
        let job = folder.job().ok().filter(|_| !raw);
        let format = job.map(|job| job.reading.format);
        Self {
            folder,
            readable: Readable::new(format.unwrap_or_default()),
            at: None,
        }
    }

    /// Writes everything that was logged since the last call, and calls `on_time` before the text of each second. False once the
    /// job has ended and its whole log is written.
    ///
    /// # Errors
    ///
    /// When the log cannot be read, or its text cannot be written.
    pub fn read<W: Write>(
        &mut self,
        out: &mut W,
        mut on_time: impl FnMut(&mut W, Timestamp),
    ) -> io::Result<bool> {
        // Checked first, so that output written before the end is still read below.
        let running = self.folder.state().map_err(io::Error::other)?;
        let log = self.folder.log();
        // The inode of the very file that is read below, whatever is rotated meanwhile.
        let file = open(&log)?;
        let inode = file.as_ref().map(|file| file.metadata().map(|found| found.ino()));
        let inode = inode.transpose()?;
        let from = match self.at.take() {
            // A log that was not there is no rotated one.
            Some(place) if place.inode == inode || place.inode.is_none() => place.offset,
            // Rotated: copy the rest of the old half, then the new half from its start.
            before => {
                let (older, from) = (older(&log), before.map_or(0, |place| place.offset));
                let file = open(&older)?;
                self.copy(&older, file, from, out, &mut on_time)?;
                0
            }
        };
        let offset = self.copy(&log, file, from, out, &mut on_time)?;
        self.at = Some(LogPlace { offset, inode });
        let runs = matches!(running, JobState::Running(_) | JobState::Away(_));
        if !runs {
            self.readable.end(out)?;
        }
        Ok(runs)
    }

    /// How many bytes of the log were passed on.
    pub fn offset(&self) -> u64 {
        self.at.as_ref().map_or(0, |place| place.offset)
    }

    /// Passes on the log's next bytes, which were read elsewhere. They are not passed on again when the log gets them.
    ///
    /// # Errors
    ///
    /// When the text cannot be written.
    pub fn feed<W: Write>(&mut self, bytes: &[u8], out: &mut W) -> io::Result<()> {
        let place = self.at.get_or_insert(LogPlace {
            offset: 0,
            inode: None,
        });
        place.offset += bytes.len() as u64;
        self.readable.feed(bytes, out)
    }

    /// Writes a file, which is at this path, from an offset and returns where the file ended. A missing file counts as empty.
    fn copy<W: Write>(
        &mut self,
        path: &Path,
        file: Option<File>,
        from: u64,
        out: &mut W,
        on_time: &mut impl FnMut(&mut W, Timestamp),
    ) -> io::Result<u64> {
        let Some(mut file) = file else {
            return Ok(from);
        };
        file.seek(SeekFrom::Start(from))?;
        let mut buffer = vec![0; 64 << 10];
        let mut at = from;
        let mut times = None;
        loop {
            let count = file.read(&mut buffer)?;
            if count == 0 {
                return Ok(at);
            }
            let times = times.get_or_insert_with(|| read_times(path).into_iter().peekable());
            let mut bytes = &buffer[..count];
            while !bytes.is_empty() {
                while let Some((_, time)) = times.next_if(|(offset, _)| *offset <= at) {
                    on_time(out, time);
                }
                let next = times.peek().map_or(u64::MAX, |(offset, _)| *offset - at);
                let (now, later) =
                    bytes.split_at(bytes.len().min(usize::try_from(next).unwrap_or(usize::MAX)));
                self.readable.feed(now, out)?;
                at += now.len() as u64;
                bytes = later;
            }
        }
    }
}

fn older(log: &Path) -> PathBuf {
    let mut older = log.as_os_str().to_owned();
    older.push(".1");
    older.into()
}

/// Opens a file for reading; `None` when there is none.
fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some),
    }
}
