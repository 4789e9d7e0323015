//! Small files that are read again and again, such as the HEAD of every worktree.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::regular;

/// A file that changed less than this before it was read may change again without a new time: file systems keep time in steps of
/// up to some milliseconds.
const SETTLED: Duration = Duration::from_millis(100);

/// The texts of files as last read, each with the state of the file at that time.
#[derive(Debug, Default)]
pub(in crate::git) struct SettledReads {
    known: Mutex<HashMap<PathBuf, (FileState, Arc<str>)>>,
}

/// Inode, size, and the times of the last change of content and of the inode, in nanoseconds. Every write changes the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::git) struct FileState {
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileState {
    /// The state of the file; `None` when there is none.
    pub(in crate::git) fn of(path: &Path) -> Option<Self> {
        let found = fs::metadata(path).ok()?;
        Some(Self {
            inode: found.ino(),
            size: found.size(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }

    /// True when the next change will certainly give another state.
    pub(in crate::git) fn is_settled(&self) -> bool {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let nanos = |(seconds, nanos): (i64, i64)| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        let now = since.map_or(0, |since| since.as_nanos());
        i128::try_from(now).is_ok_and(|now| nanos(self.changed) + SETTLED.as_nanos().cast_signed() < now)
    }
}

impl SettledReads {
    /// The text of a file; `None` when it is missing, no regular file, or not UTF-8. A file that has certainly not changed since
    /// it was last read is not read again.
    pub(in crate::git) fn read(&self, path: &Path) -> Option<Arc<str>> {
        let state = FileState::of(path)?;
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((then, text)) = known().get(path)
            && *then == state
        {
            return Some(Arc::clone(text));
        }
        let text: Arc<str> = regular::read_to_string(path).ok()?.into();
        // A file that was replaced after the first look is read again next time.
        match state.is_settled() && FileState::of(path) == Some(state) {
            true => known().insert(path.to_owned(), (state, Arc::clone(&text))),
            false => known().remove(path),
        };
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_again_once_it_changed_whatever_its_time_says() {
        let dir = tempfile::tempdir().unwrap();
        let (file, other) = (dir.path().join("HEAD"), dir.path().join("HEAD.lock"));
        let old = SystemTime::now() - Duration::from_secs(9);
        let write = |path: &Path, text: &str| {
            fs::write(path, text).unwrap();
            let opened = fs::File::options().append(true).open(path).unwrap();
            opened.set_modified(old).unwrap();
        };
        let reads = SettledReads::default();
        let read = || reads.read(&file);
        assert_eq!(read(), None);
        for text in ["one", "two", "six"] {
            write(&file, text);
            assert_eq!(read().as_deref(), Some(text));
            assert_eq!(read().as_deref(), Some(text));
            write(&other, "new");
            fs::rename(&other, &file).unwrap();
            assert_eq!(read().as_deref(), Some("new"));
        }
        fs::remove_file(&file).unwrap();
        assert_eq!(read(), None);
        // What is kept is taken from the memory.
        let state = FileState::of(dir.path()).unwrap();
        reads
            .known
            .lock()
            .unwrap()
            .insert(dir.path().to_owned(), (state, "kept".into()));
        assert_eq!(reads.read(dir.path()).as_deref(), Some("kept"));
    }
}
