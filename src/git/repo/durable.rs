//! Taking what lands to the disk, so that a power cut does not leave a ref without its commit, or a journal that tells of a
//! landing which is not there.

use std::fs::File;
use std::io;

use super::ids::branch_ref;
use super::repository::Repository;
use crate::failpoint;
use crate::git::files::error::GitError;

/// Syncs every object that was written so far to the disk, by any process. One call for the whole file system: of the objects of
/// a branch each may be a file of its own, and git does not sync those.
///
/// # Errors
///
/// When the disk does not take them.
pub fn sync_objects(repo: &Repository) -> Result<(), GitError> {
    let folder = repo.common_dir().join("objects");
    let sync = || Ok(rustix::fs::syncfs(File::open(&folder)?)?);
    failpoint::around("landing.objects", sync).map_err(GitError::io("sync", &folder))
}

/// Takes a branch, as it stands, to the disk.
///
/// # Errors
///
/// When the disk does not take it.
pub fn sync_branch(repo: &Repository, branch: &str) -> Result<(), GitError> {
    let file = repo.common_dir().join(branch_ref(branch));
    let sync = || match File::open(&file) {
        Ok(found) => {
            found.sync_all()?;
            // Its name as well.
            file.parent()
                .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        }
        // Where refs are no files of their own.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok(rustix::fs::syncfs(File::open(repo.common_dir())?)?)
        }
        Err(error) => Err(error),
    };
    failpoint::around("landing.ref", sync).map_err(GitError::io("sync", &file))
}
