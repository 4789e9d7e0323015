//! Sparse checkouts.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::git::files::error::GitError;

/// Has git check every file out in the worktree that has this admin dir. `git worktree add` hands the sparse checkout of the main one on.
pub(in crate::git) fn leave_nothing_out(admin_dir: &Path) -> Result<(), GitError> {
    for file in ["config.worktree", "info/sparse-checkout"].map(|name| admin_dir.join(name)) {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(GitError::io("remove", &file)(error));
            }
            _ => {}
        }
    }
    Ok(())
}
