//! The record of where the main checkout is, for commands in a linked worktree when the repository lies outside the
//! main checkout.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::worktree_admin::AdminLock;
use crate::git::files::error::GitError;
use crate::git::files::place::replace_file;
use crate::git::repo::main_checkout::{RECORD, leads_to, recorded};

/// Records where the main checkout is, unless the repository lies inside it.
pub(in crate::git) fn write(_lock: &AdminLock<'_>, common_dir: &Path, top: &Path) -> Result<(), GitError> {
    let path = common_dir.join(RECORD);
    if top.join(".git") == common_dir
        || !leads_to(top, common_dir)
        || recorded(common_dir).as_deref() == Some(top)
    {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(GitError::io("create the folder", folder))?;
    }
    replace_file(&path, top.as_os_str().as_bytes())
}
