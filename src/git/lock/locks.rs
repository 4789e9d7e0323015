//! Lock files of git, and removing those without a holder.

use std::fs;
use std::path::{Path, PathBuf};

use super::stale_lock::{holder, locks_below, locks_in, locks_of_admin_dir};
use crate::git::admin::worktree_admin::WorktreeAdmin;
use crate::git::files::error::GitError;
use crate::git::files::registration::registrations;

/// A lock file of git in this repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitLock {
    /// The file.
    pub path: PathBuf,
    /// The possible holder; `None` when the lock certainly has no holder.
    pub owner: Option<String>,
}

/// Every lock file of git, here and in every worktree's admin dir: of the index, HEAD, refs, settings and housekeeping.
///
/// # Errors
///
/// When git's worktree administration cannot be read.
pub fn git_locks(admin: &WorktreeAdmin) -> Result<Vec<GitLock>, GitError> {
    let common = admin.repo.common_dir();
    let mut files = Vec::new();
    files.extend(locks_in(common));
    for admin_dir in admin_dirs(admin)? {
        files.extend(locks_of_admin_dir(&admin_dir));
    }
    files.extend(locks_below(&common.join("refs")));
    // The lock of git's own housekeeping. Git skips the housekeeping while this file exists.
    files.extend(locks_in(&common.join("objects")));
    files.sort();
    let lock = |path: PathBuf| GitLock {
        owner: owner(&path),
        path,
    };
    Ok(files.into_iter().map(lock).collect())
}

/// The admin dirs of all entries in git's worktree administration.
fn admin_dirs(admin: &WorktreeAdmin) -> Result<Vec<PathBuf>, GitError> {
    Ok(registrations(admin.repo.common_dir())?
        .into_iter()
        .map(|known| known.admin)
        .collect())
}

/// Removes a lock file that certainly has no holder. Returns false when the lock may have a holder.
///
/// # Errors
///
/// When the file cannot be removed.
pub fn remove_git_lock(admin: &WorktreeAdmin, path: &Path) -> Result<bool, GitError> {
    let _lock = admin.lock()?;
    if owner(path).is_some() {
        return Ok(false);
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(GitError::io("remove", path)(error))
        }
        _ => Ok(true),
    }
}

/// Who may hold a lock file, in words. A run has to continue, so it also removes locks on shared file systems. This
/// check runs outside a run and leaves alone every lock that a git process on another machine may hold.
fn owner(lock: &Path) -> Option<String> {
    if let Some(name) = shared_with_other_machines(lock) {
        return Some(format!(
            "it lies on {name}, where a git of another machine may hold it"
        ));
    }
    let found = fs::metadata(lock).ok()?;
    Some(holder(lock, &found)?.to_string())
}

/// The name of a file system whose files processes elsewhere may hold (numbers as in `statfs(2)`).
fn shared_with_other_machines(lock: &Path) -> Option<&'static str> {
    const SHARED: &[(u32, &str)] = &[
        (0x6969, "NFS"),
        (0x517b, "SMB"),
        (0xff53_4d42, "CIFS"),
        (0xfe53_4d42, "SMB"),
        (0x0102_1997, "9P"),
        (0x00c3_6400, "Ceph"),
    ];
    let found = rustix::fs::statfs(lock).ok()?;
    // The numbers have 32 bits, whatever the width of the field.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let kind = found.f_type as u32;
    SHARED
        .iter()
        .find(|(number, _)| *number == kind)
        .map(|(_, name)| *name)
}
