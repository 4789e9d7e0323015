//! Lock files that a killed git command has left behind.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::inspect::git_dir;
use super::registration::read_head;
use super::revision::branch_ref;
use super::{AdminLock, EnsureError, GitError, WorktreeAdmin, WorktreeRefusal};

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

/// Removes the locks in git's books of a worktree, none of which another worktree uses: of HEAD, the index, `AUTO_MERGE`
/// and whatever else is written there.
pub(super) fn clear_books(books: &Path) -> Result<(), EnsureError> {
    for entry in fs::read_dir(books).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "lock") {
            clear(&path)?;
        }
    }
    Ok(())
}

impl WorktreeAdmin {
    /// Removes the locks that killed git commands have left in worktrees that orch made, but where somebody still is. For
    /// the time when no agent is at work.
    ///
    /// # Errors
    ///
    /// When such a file is held open, or cannot be removed.
    pub fn clear_dead_locks(&self) -> Result<(), EnsureError> {
        for key in self.keys()? {
            let Some(marker) = self.read_marker(&key)? else {
                continue;
            };
            let Ok(books) = git_dir(&marker.path) else {
                continue;
            };
            let locked = fs::read_dir(&books).into_iter().flatten().flatten();
            let locked = locked.filter(|entry| entry.path().extension().is_some_and(|found| found == "lock"));
            if locked.count() > 0 && !is_somebody_in(&marker.path) {
                clear_books(&books)?;
            }
        }
        Ok(())
    }
}

/// Removes the locks that killed git commands have left of a worktree in which no agent is at work, and of the branch that it
/// stands on.
///
/// # Errors
///
/// When such a file is held open, or cannot be removed.
pub fn clear_dead_locks_of(worktree: &Path, common_dir: &Path) -> Result<(), EnsureError> {
    let books = git_dir(worktree)?;
    clear_books(&books)?;
    match read_head(&books.join("HEAD")) {
        Some(Some(branch)) => clear_beside(&common_dir.join(branch_ref(&branch))),
        _ => Ok(()),
    }
}

/// True when a process stands in a folder: git closes some locks and keeps them, while an editor is open for one.
fn is_somebody_in(folder: &Path) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut places = processes.filter_map(|process| fs::read_link(process.path().join("cwd")).ok());
    places.any(|place| place.starts_with(folder))
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

fn is_open_anywhere(file: &Path) -> bool {
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
