//! Fingerprints, which tell one state of a file or folder from another without reading it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A file's identity, times and size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FilePrint {
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// The fingerprint of the file at `path`, if there is one.
pub(super) fn print(path: &Path) -> Option<FilePrint> {
    let found = fs::symlink_metadata(path).ok()?;
    Some(FilePrint {
        inode: found.ino(),
        size: found.size(),
        modified: (found.mtime(), found.mtime_nsec()),
        changed: (found.ctime(), found.ctime_nsec()),
    })
}

/// The identity of the folder that a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FolderId(u64, u64);

/// The identity of the folder at `path`, if there is one.
pub(super) fn folder_id(path: &Path) -> Option<FolderId> {
    let found = fs::metadata(path).ok().filter(fs::Metadata::is_dir)?;
    Some(FolderId(found.dev(), found.ino()))
}
