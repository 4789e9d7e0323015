//! Making landings durable, so that a power cut leaves neither a ref without its commit nor a journal entry without its
//! landing.

use std::fs::File;
use std::io;

use super::ids::branch_ref;
use super::repository::Repository;
use crate::failpoint;
use crate::git::files::error::GitError;

/// Syncs all objects written so far, by any process, to the disk. Makes one call for the whole file system, because
/// each object of a branch may be a file of its own, and git does not sync these files.
///
/// # Errors
///
/// When the disk does not accept the objects.
pub fn sync_objects(repo: &Repository) -> Result<(), GitError> {
    let folder = repo.common_dir().join("objects");
    let sync = || Ok(rustix::fs::syncfs(File::open(&folder)?)?);
    failpoint::around("landing.objects", sync).map_err(GitError::io("sync", &folder))
}

/// Syncs a branch with its present tip to the disk.
///
/// # Errors
///
/// When the disk does not accept the ref.
pub fn sync_branch(repo: &Repository, branch: &str) -> Result<(), GitError> {
    let file = repo.common_dir().join(branch_ref(branch));
    let sync = || match File::open(&file) {
        Ok(found) => {
            found.sync_all()?;
            // The folder entry is synced as well.
            file.parent()
                .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        }
        // When refs are not files of their own.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok(rustix::fs::syncfs(File::open(repo.common_dir())?)?)
        }
        Err(error) => Err(error),
    };
    failpoint::around("landing.ref", sync).map_err(GitError::io("sync", &file))
}
