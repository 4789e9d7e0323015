//! The main checkout of a repository that lies apart from it (`git init --separate-git-dir`, or a `.git` that is a
//! symbolic link). Git itself only knows the way from the checkout to the repository. Orch records the way back, for
//! commands in a linked worktree.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::git::files::registration::pointed_to;
use crate::git::files::regular;

/// The record's name, in orch's folder of the common directory.
pub(in crate::git) const RECORD: &str = "orch/main-checkout";

/// True when a checkout's `.git` points to this repository.
pub(in crate::git) fn leads_to(top: &Path, common_dir: &Path) -> bool {
    let named = pointed_to(top).unwrap_or_else(|| top.join(".git"));
    named.canonicalize().is_ok_and(|found| found == common_dir)
}

/// The recorded main checkout, if it still exists.
pub(in crate::git) fn recorded(common_dir: &Path) -> Option<PathBuf> {
    let bytes = regular::read(&common_dir.join(RECORD)).ok()?;
    let top = PathBuf::from(OsStr::from_bytes(&bytes));
    leads_to(&top, common_dir).then_some(top)
}
