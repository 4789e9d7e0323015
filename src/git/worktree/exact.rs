//! Worktrees of the merge queue that are exactly a commit, whatever verifications have left there.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::ensure::{alone, ensure_detached};
use super::scour::{scour, unhide};
use crate::git::admin::spec::{EnsureError, WorktreeReady, WorktreeRefusal};
use crate::git::admin::worktree_admin::WorktreeAdmin;
use crate::git::files::error::GitError;
use crate::git::files::registration::{is_plainly_in, pointed_to, registration_at, settle};
use crate::git::keep::gate::{SparedTree, drop_spoiled};
use crate::plan::CommitId;

/// Like [`ensure_detached`], for a worktree in which verifications may have hidden files from git or left repositories.
/// With `ignored`, ignored files are removed too. A worktree that cannot be restored to the commit, for example because
/// its index is damaged, is moved below `orch/worktrees/` and made again, with a warning. A worktree that was moved
/// there earlier is removed.
///
/// # Errors
///
/// The errors of [`ensure_detached`], and when the worktree cannot be moved.
pub fn ensure_exact(
    admin: &WorktreeAdmin,
    key: &str,
    path: &Path,
    commit: &CommitId,
    ignored: bool,
) -> Result<WorktreeReady, EnsureError> {
    let error = match exact(admin, key, path, commit, ignored) {
        Err(error) if is_spoiled(&error) => error,
        made => return made,
    };
    let path = settle(path);
    if admin.read_record(key)?.is_none_or(|record| record.path != path) {
        return Err(error);
    }
    let moved = move_away(admin, key, &path)?;
    let mut ready = exact(admin, key, &path, commit, ignored)?;
    ready.warnings.push(format!(
        "`{}` was made anew after a verification spoiled it ({error}); its files are in `{}`",
        path.display(),
        moved.display()
    ));
    Ok(ready)
}

fn exact(
    admin: &WorktreeAdmin,
    key: &str,
    path: &Path,
    commit: &CommitId,
    ignored: bool,
) -> Result<WorktreeReady, EnsureError> {
    unhide(admin, key, path)?;
    let ready = ensure_detached(admin, key, path, commit)?;
    if ignored || !ready.spotless {
        scour(admin, key, &ready.path, ignored)?;
    }
    Ok(ready)
}

/// True for an error that a verification can cause by damaging its worktree.
fn is_spoiled(error: &EnsureError) -> bool {
    match error {
        EnsureError::Git(_) => true,
        EnsureError::Refused(refusal) => matches!(
            refusal,
            WorktreeRefusal::OtherHead { .. } | WorktreeRefusal::ForeignFolder { .. }
        ),
    }
}

fn move_away(admin: &WorktreeAdmin, key: &str, path: &Path) -> Result<PathBuf, EnsureError> {
    let _alone = alone(admin, key)?;
    let lock = admin.lock()?;
    let common = admin.repo.common_dir();
    let admin_dirs = common.join("worktrees");
    let entry = registration_at(common, path)?
        .map(|known| known.admin)
        .or_else(|| pointed_to(path).filter(|entry| is_plainly_in(&admin_dirs, entry)));
    let to = admin.spoiled(key);
    admin.remove_left(key);
    drop_spoiled(admin, key);
    match fs::rename(path, &to) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(GitError::io("move", path)(error)),
        _ => Ok(()),
    }?;
    if let (Some(entry), Some(spared)) = (entry, SparedTree::moved(path)) {
        spared.forget(&lock, Some(&entry))?;
    }
    Ok(to)
}
