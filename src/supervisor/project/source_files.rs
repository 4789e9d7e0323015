//! Texts that count instead of files: what an editor has not saved, or what an edit would write.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::status::read_plain;

/// SourceFiles as they are on the disk, besides those of which a text is given.
#[derive(Debug, Clone, Default)]
pub struct SourceFiles {
    unsaved: BTreeMap<PathBuf, Arc<str>>,
}

impl SourceFiles {
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
