//! Pipes, sockets and devices in git's folders. Git would wait at them for ever.

use std::fs::{self, File, FileType};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;

use super::error::GitError;
use super::registration::{pointed_to, registration_at, settle};

/// How long a pipe is held open before its removal, for a process that was just about to wait at the pipe.
const LATE: Duration = Duration::from_millis(10);

/// Removes pipes, sockets and devices from the places of a worktree's git files, because git would wait at them for
/// ever. They hold nobody's work. Files that git cannot do without are written again, for a worktree on this branch.
/// Returns the removed paths.
///
/// # Errors
///
/// When one of them cannot be removed, or a file cannot be written.
pub fn remove_pipes(worktree: &Path, common_dir: &Path, branch: &str) -> Result<Vec<PathBuf>, GitError> {
    let link = worktree.join(".git");
    let mut removed = Vec::new();
    if is_special(&link) {
        remove(&link)?;
        if let Some(known) = registration_at(common_dir, &settle(worktree))? {
            known.connect()?;
        }
        removed.push(link);
    }
    let Some(admin) = pointed_to(worktree).filter(|admin| admin.is_dir()) else {
        return Ok(removed);
    };
    let files = fs::read_dir(&admin).into_iter().flatten().flatten();
    for file in files.map(|entry| entry.path()).filter(|file| is_special(file)) {
        remove(&file)?;
        removed.push(file);
    }
    for (name, text) in [
        ("HEAD", format!("ref: refs/heads/{branch}\n")),
        ("commondir", "../..\n".to_owned()),
    ] {
        let file = admin.join(name);
        if file.symlink_metadata().is_err() {
            fs::write(&file, text).map_err(GitError::io("write", &file))?;
        }
    }
    Ok(removed)
}

/// Removes pipes, sockets and devices from those files of all worktrees that git reads whenever a worktree is made or
/// removed. Writes no file again: [`remove_pipes`] does that for each worktree once its agent has ended.
pub(in crate::git) fn remove_pipes_of_all(common_dir: &Path) -> Result<(), GitError> {
    let admin_dirs = fs::read_dir(common_dir.join("worktrees"));
    for admin in admin_dirs.into_iter().flatten().flatten() {
        for file in ["HEAD", "commondir", "gitdir", "locked"].map(|name| admin.path().join(name)) {
            if is_special(&file) {
                remove(&file)?;
            }
        }
    }
    Ok(())
}

fn remove(pipe: &Path) -> Result<(), GitError> {
    let aside = pipe.with_extension("orch-pipe");
    fs::rename(pipe, &aside).map_err(GitError::io("rename", pipe))?;
    // A process that waits at the pipe gets an end of file.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    if fs::symlink_metadata(&aside).is_ok_and(|found| found.file_type().is_fifo()) {
        let writer = File::options()
            .read(true)
            .write(true)
            .custom_flags(flags.bits().cast_signed())
            .open(&aside);
        if writer.is_ok() {
            std::thread::sleep(LATE);
        }
    }
    fs::remove_file(&aside).map_err(GitError::io("remove", &aside))
}

fn is_special(file: &Path) -> bool {
    let special = |kind: FileType| {
        kind.is_fifo() || kind.is_socket() || kind.is_char_device() || kind.is_block_device()
    };
    fs::metadata(file).is_ok_and(|found| special(found.file_type()))
}
