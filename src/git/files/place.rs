//! Paths of files: checking that a path is free, and replacing a file as a whole.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::error::GitError;
use crate::failpoint;

/// True when the path is missing or is an empty folder.
pub(in crate::git) fn is_free(path: &Path) -> bool {
    match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound && path.symlink_metadata().is_err(),
    }
}

/// Replaces the content of a file as a whole: the content is written beside the file, made durable, and renamed over
/// it.
pub(in crate::git) fn replace_file(path: &Path, content: &[u8]) -> Result<(), GitError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_data()
    });
    written.map_err(GitError::io("write", &beside))?;
    failpoint::around("git.note", || fs::rename(&beside, path)).map_err(GitError::io("replace", path))
}
