//! Lock files that a killed git command has left behind.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::revision::branch_ref;
use super::{AdminLock, EnsureError, GitError, WorktreeRefusal};

const PATIENCE: Duration = Duration::from_secs(10);

/// Removes `index.lock` from a worktree's administration when no process has it open; waits for one that has.
///
/// The file carries no owner, but git keeps it open for as long as it works on the index, so an owner shows among
/// the open files of the processes.
pub(super) fn clear_index(admin: &Path) -> Result<(), EnsureError> {
    clear(&admin.join("index.lock"))
}

/// Removes `FILE.lock` when no process has it open; waits for one that has.
pub(super) fn clear_beside(file: &Path) -> Result<(), EnsureError> {
    let mut lock = file.as_os_str().to_owned();
    lock.push(".lock");
    clear(Path::new(&lock))
}

/// Removes the lock of a branch that orch has noted it was making and that does not exist. Under the lock, so that no
/// git command of orch's is at it, and nobody else makes that branch.
pub(super) fn clear_branch(
    _lock: &AdminLock<'_>,
    common_dir: &Path,
    branch: &str,
) -> Result<(), EnsureError> {
    clear_beside(&common_dir.join(branch_ref(branch)))
}

/// Removes the locks of refs below a folder that only orch writes to, inside its own processes.
pub(super) fn clear_below(folder: &Path) -> Result<(), EnsureError> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(());
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            clear_below(&path)?;
        } else if path.extension().is_some_and(|extension| extension == "lock") {
            clear(&path)?;
        }
    }
    Ok(())
}

fn clear(lock: &Path) -> Result<(), EnsureError> {
    let until = Instant::now() + PATIENCE;
    let mut unowned: Option<(u64, u64)> = None;
    while let Ok(found) = fs::symlink_metadata(lock) {
        let this = (found.dev(), found.ino());
        if is_open_anywhere(lock) {
            unowned = None;
        } else if unowned == Some(this) {
            match fs::remove_file(lock) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(GitError::io("remove", lock)(error).into());
                }
                _ => return Ok(()),
            }
        } else {
            // A living git closes the file an instant before it renames it: what is stale is still there the next time.
            unowned = Some(this);
        }
        if Instant::now() > until {
            let lock = lock.to_owned();
            return Err(WorktreeRefusal::Busy { lock }.into());
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

pub(super) fn is_open_anywhere(file: &Path) -> bool {
    let Ok(file) = file.canonicalize() else {
        return false;
    };
    let Ok(processes) = fs::read_dir("/proc") else {
        return true;
    };
    processes
        .flatten()
        .filter(|process| {
            process
                .file_name()
                .to_string_lossy()
                .bytes()
                .all(|b| b.is_ascii_digit())
        })
        .filter_map(|process| fs::read_dir(process.path().join("fd")).ok())
        .flat_map(|open| open.flatten())
        .any(|open| fs::read_link(open.path()).is_ok_and(|target| target == file))
}
