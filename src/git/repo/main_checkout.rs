//! Where the main checkout is, when the repository lies apart from it (`git init --separate-git-dir`, a `.git` that is a link).
//! Git itself only knows the way from there to the repository; orch records the way back, for those who are in a linked worktree.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::git::files::registration::pointed_to;
use crate::git::files::regular;

/// The record's name, in orch's folder of the common directory.
pub(in crate::git) const RECORD: &str = "orch/main-checkout";

/// True when a checkout's `.git` leads to this repository.
pub(in crate::git) fn leads_to(top: &Path, common_dir: &Path) -> bool {
    let named = pointed_to(top).unwrap_or_else(|| top.join(".git"));
    named.canonicalize().is_ok_and(|found| found == common_dir)
}

/// The main checkout as it was recorded, when it is still there.
pub(in crate::git) fn recorded(common_dir: &Path) -> Option<PathBuf> {
    let bytes = regular::read(&common_dir.join(RECORD)).ok()?;
    let top = PathBuf::from(OsStr::from_bytes(&bytes));
    leads_to(&top, common_dir).then_some(top)
}
