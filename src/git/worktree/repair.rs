//! Restoring half-made or damaged worktrees, without touching anybody's work.

use std::fs;
use std::path::{Path, PathBuf};

use super::add::add;
use super::populate::Fill;
use super::wanted::WantedTree;
use crate::git::admin::spec::{EnsureError, WorktreeRefusal};
use crate::git::admin::worktree_admin::{AdminLock, WorktreeAdmin};
use crate::git::admin::worktree_record::{TreeProgress, WorktreeRecord};
use crate::git::files::error::GitError;
use crate::git::files::place::is_free;
use crate::git::files::registration::{Registration, pointed_to, settle};
use crate::git::files::regular;
use crate::git::keep::gate::SparedTree;

/// Restores a worktree that has an entry in git's worktree administration. Returns `None` when the entry was useless
/// and has been removed.
pub(in crate::git) fn repair(
    _admin: &WorktreeAdmin,
    lock: &AdminLock<'_>,
    wanted: &WantedTree<'_>,
    record: &WorktreeRecord,
    known: Registration,
) -> Result<Option<(Registration, Fill)>, EnsureError> {
    let making = record.state == TreeProgress::Making;
    let head = known.head();
    let right_head = match wanted.branch {
        Some(branch) if making || !wanted.lane => {
            head.as_ref().is_some_and(|on| on.as_deref() == Some(branch))
        }
        _ => head.is_some(),
    };
    if !right_head {
        if let Some(spared) = SparedTree::unused(record).and_then(|_| SparedTree::empty(&known.path)) {
            spared.forget(lock, Some(&known.admin))?;
            return Ok(None);
        }
        return Err(WorktreeRefusal::OtherHead {
            path: known.path,
            expected: wanted.branch.unwrap_or("any commit").to_owned(),
            found: head.flatten(),
        }
        .into());
    }
    let was_free = is_free(&known.path);
    if !known.is_connected() {
        if known.is_foreign() {
            return Err(WorktreeRefusal::ForeignFolder { path: known.path }.into());
        }
        known.connect()?;
    }
    let has_index = known.admin.join("index").exists();
    let blank = SparedTree::empty(&known.path).filter(|_| was_free && !has_index);
    let fill = match (SparedTree::unused(record).or(blank), has_index, was_free) {
        (Some(spared), _, _) => Fill::FromCommit(spared),
        (None, true, true) => Fill::FromIndex,
        (None, true, false) => Fill::Nothing,
        (None, false, _) => Fill::IndexOnly,
    };
    Ok(Some((known, fill)))
}

/// The entry in this repository's worktree administration that the folder's `.git` names, even when the entry is
/// missing.
pub(in crate::git) fn entry_of(admin: &WorktreeAdmin, path: &Path) -> Option<PathBuf> {
    let admin_dirs = admin.repo.common_dir().join("worktrees");
    pointed_to(path).filter(|entry| entry.parent().is_some_and(|parent| settle(parent) == admin_dirs))
}

/// Makes a new entry for a worktree whose entry in git's worktree administration was pruned. Touches none of its files.
pub(in crate::git) fn adopt(
    admin: &WorktreeAdmin,
    lock: &AdminLock<'_>,
    wanted: &WantedTree<'_>,
    record: &WorktreeRecord,
) -> Result<Registration, EnsureError> {
    let path = wanted.path.clone();
    if entry_of(admin, &path).is_none_or(|entry| entry.exists()) {
        return Err(WorktreeRefusal::ForeignFolder { path }.into());
    }
    // Git refuses to add a worktree at a folder with content. So the worktree is added beside the folder and moved
    // over.
    let beside = tempfile::Builder::new()
        .prefix(".orch-adopt-")
        .tempdir_in(path.parent().unwrap_or(&path))
        .map_err(GitError::io("create a folder beside", &path))?;
    let shell = WantedTree {
        path: settle(beside.path()),
        ..*wanted
    };
    let added = add(admin, lock, &shell, record, false)?;
    let adopted = Registration {
        path,
        admin: added.admin,
    };
    let mut link = adopted.path.join(".git").into_os_string().into_encoded_bytes();
    link.push(b'\n');
    let gitdir = adopted.admin.join("gitdir");
    fs::write(&gitdir, link).map_err(GitError::io("write", &gitdir))?;
    adopted.connect()?;
    Ok(adopted)
}

/// `git worktree add` locks a new worktree with the reason `initializing`; a killed command leaves that lock.
pub(in crate::git) fn unlock_half_made(admin: &Path) {
    let locked = admin.join("locked");
    if regular::read(&locked).is_ok_and(|reason| reason.trim_ascii() == b"initializing") {
        let _ = fs::remove_file(locked);
    }
}
