//! Texts that count instead of files: what an editor has not saved, or what an edit would write; and documents that were read
//! before.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::plan::manifest::Content;
use crate::status::read_plain;

/// SourceFiles as they are on the disk, besides those of which a text is given.
#[derive(Debug, Clone, Default)]
pub struct SourceFiles {
    unsaved: BTreeMap<PathBuf, Arc<str>>,
    /// What was read last, where that is kept.
    known: Option<Arc<Mutex<BTreeMap<PathBuf, KnownContent>>>>,
}

/// A document that was read.
#[derive(Debug)]
struct KnownContent {
    source: ContentSource,
    content: Content,
}

/// What a document was read from.
#[derive(Debug)]
enum ContentSource {
    Text(Arc<str>),
    /// Device, number, length and time of the last change.
    File(u64, u64, u64, (i64, i64)),
}

impl ContentSource {
    /// A file that is not being written. One that changed a moment ago may change again without another time.
    fn of(found: &Metadata) -> Option<Self> {
        let age = found.modified().ok()?.elapsed().ok()?;
        let changed = (found.ctime(), found.ctime_nsec());
        let file = Self::File(found.dev(), found.ino(), found.len(), changed);
        (found.is_file() && age > SETTLED).then_some(file)
    }

    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => Arc::ptr_eq(one, other),
            (Self::File(a, b, c, d), Self::File(e, f, g, h)) => (a, b, c, d) == (e, f, g, h),
            (Self::Text(_), Self::File(..)) | (Self::File(..), Self::Text(_)) => false,
        }
    }
}

/// From this age on a file's time is taken for its content's.
const SETTLED: Duration = Duration::from_secs(2);

impl SourceFiles {
    /// Files that are read again only when they have changed.
    pub fn remembering() -> Self {
        Self {
            known: Some(Arc::default()),
            ..Self::default()
        }
    }

    /// A document, read.
    ///
    /// # Errors
    ///
    /// As [`SourceFiles::read`].
    pub fn content(&self, path: &Path) -> io::Result<Content> {
        let read = || self.read(path).map(|bytes| Content::Bytes(bytes).read());
        let Some(known) = &self.known else {
            return read();
        };
        let source = match self.text(path) {
            Some(text) => Some(ContentSource::Text(Arc::clone(text))),
            None => path.metadata().ok().as_ref().and_then(ContentSource::of),
        };
        let Some(source) = source else {
            return read();
        };
        let lock = || known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = lock().get(path).filter(|found| found.source.is(&source)) {
            return Ok(found.content.clone());
        }
        let content = read()?;
        let kept = KnownContent {
            source,
            content: content.clone(),
        };
        lock().insert(path.to_owned(), kept);
        Ok(content)
    }

    /// This text counts instead of the file.
    pub fn put(&mut self, path: &Path, text: impl Into<Arc<str>>) {
        self.unsaved.insert(plain_path(path), text.into());
    }

    /// The file counts again.
    pub fn drop_text(&mut self, path: &Path) {
        self.unsaved.remove(&plain_path(path));
    }

    /// The text that was given for a file.
    pub fn text(&self, path: &Path) -> Option<&Arc<str>> {
        self.unsaved.get(&plain_path(path))
    }

    /// The files of which a text is given.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.unsaved.keys().map(PathBuf::as_path)
    }

    /// The bytes of a file.
    ///
    /// # Errors
    ///
    /// As [`read_plain`].
    pub fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let given = (!self.unsaved.is_empty()).then(|| self.text(path)).flatten();
        match given {
            Some(text) => Ok(text.as_bytes().to_vec()),
            None => read_plain(path),
        }
    }
}

/// The path without `.` and `..`, as editors name it.
pub fn plain_path(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}
