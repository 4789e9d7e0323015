//! Texts that replace files: unsaved text in an editor, or the result of a planned edit. Also a cache of documents.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::plan::manifest::Content;
use crate::status::read_plain;

/// The files on disk, some of them replaced by given texts.
#[derive(Debug, Clone, Default)]
pub struct SourceFiles {
    unsaved: BTreeMap<PathBuf, Arc<str>>,
    /// The cache of documents, if there is one.
    known: Option<Arc<Mutex<BTreeMap<PathBuf, KnownContent>>>>,
}

/// A cached document.
#[derive(Debug)]
struct KnownContent {
    source: ContentSource,
    content: Content,
}

/// The source of a cached document.
#[derive(Debug)]
enum ContentSource {
    Text(Arc<str>),
    /// Device, inode, length and time of the last change.
    File(u64, u64, u64, (i64, i64)),
}

impl ContentSource {
    /// A file that is not being written. `None` for a file that changed a moment ago: it may change again without a new time.
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

/// From this age on a file's time identifies its contents.
const SETTLED: Duration = Duration::from_secs(2);

impl SourceFiles {
    /// Files with a cache: a document is read again only when it has changed.
    pub fn remembering() -> Self {
        Self {
            known: Some(Arc::default()),
            ..Self::default()
        }
    }

    /// Reads a document.
    ///
    /// # Errors
    ///
    /// The same as [`SourceFiles::read`].
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

    /// Replaces a file by this text.
    pub fn put(&mut self, path: &Path, text: impl Into<Arc<str>>) {
        self.unsaved.insert(plain_path(path), text.into());
    }

    /// Uses the file itself again.
    pub fn drop_text(&mut self, path: &Path) {
        self.unsaved.remove(&plain_path(path));
    }

    /// The text that replaces a file.
    pub fn text(&self, path: &Path) -> Option<&Arc<str>> {
        self.unsaved.get(&plain_path(path))
    }

    /// The files that are replaced by texts.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.unsaved.keys().map(PathBuf::as_path)
    }

    /// The bytes of a file.
    ///
    /// # Errors
    ///
    /// The same as [`read_plain`].
    pub fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let given = (!self.unsaved.is_empty()).then(|| self.text(path)).flatten();
        match given {
            Some(text) => Ok(text.as_bytes().to_vec()),
            None => read_plain(path),
        }
    }
}

/// The path without `.` and `..`, as editors write it.
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
