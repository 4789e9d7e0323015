//! Sparse checkouts.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::git::files::error::GitError;

/// Makes git check out every file in the worktree with this admin dir. `git worktree add` copies the sparse checkout of
/// the main worktree.
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
