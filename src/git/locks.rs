//! Lock files of git that nobody holds any more.

use std::fs;
use std::path::{Path, PathBuf};

use super::admin::WorktreeAdmin;
use super::{GitError, stale_lock};

/// A lock file of git's in this repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitLock {
    /// The file.
    pub path: PathBuf,
    /// Who may hold it; none when it is certain that nobody does.
    pub owner: Option<String>,
}

impl WorktreeAdmin {
    /// Every lock file of git's: of the index, of HEAD, of refs and settings, here and in every worktree's books.
    ///
    /// # Errors
    ///
    /// When git's books cannot be read.
    pub fn git_locks(&self) -> Result<Vec<GitLock>, GitError> {
        let common = self.repo.common_dir();
        let mut files = Vec::new();
        for folder in self.books()?.iter().map(PathBuf::as_path).chain([common]) {
            files.extend(locks_in(folder));
        }
        let mut open = vec![common.join("refs")];
        while let Some(folder) = open.pop() {
            files.extend(locks_in(&folder));
            let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
            let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            open.extend(folders.map(|entry| entry.path()));
        }
        files.sort();
        let lock = |path: PathBuf| GitLock {
            owner: owner(&path),
            path,
        };
        Ok(files.into_iter().map(lock).collect())
    }

    /// Removes a lock file if it is still certain that nobody holds it. False when somebody may.
    ///
    /// # Errors
    ///
    /// When it cannot be removed.
    pub fn remove_git_lock(&self, path: &Path) -> Result<bool, GitError> {
        let _lock = self.lock()?;
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
}

fn locks_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    files
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "lock"))
        .collect()
}

/// Who may hold a lock file. It carries no name, and git does not keep every one open, so nobody does only when no process
/// has it open and no git is at work that was there when it was made.
fn owner(lock: &Path) -> Option<String> {
    if let Some(name) = shared_with_other_machines(lock) {
        return Some(format!(
            "it lies on {name}, where a git of another machine may hold it"
        ));
    }
    if stale_lock::is_open_anywhere(lock) {
        return Some("a process has it open".to_owned());
    }
    let found = fs::metadata(lock).ok()?;
    stale_lock::owner_may_live(lock, &found).then(|| "a git that is as old as it is at work here".to_owned())
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
    // The numbers have 32 bits, whatever the field has.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let kind = found.f_type as u32;
    SHARED
        .iter()
        .find(|(number, _)| *number == kind)
        .map(|(_, name)| *name)
}
