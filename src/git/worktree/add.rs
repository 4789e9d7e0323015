//! `git worktree add`: a new entry in git's worktree administration.

use std::fs;
use std::path::Path;

use super::wanted::WantedTree;
use crate::git::admin::spec::{EnsureError, WorktreeRefusal};
use crate::git::admin::worktree_admin::{AdminLock, WorktreeAdmin};
use crate::git::admin::worktree_record::{TreeProgress, WorktreeRecord};
use crate::git::files::error::GitError;
use crate::git::files::registration::{Registration, registration_at};
use crate::git::program::command::Git;
use crate::git::state::checkout::checkout_paths;

/// Runs `git worktree add` without checking out files. Makes the branch when `new_branch` is true.
pub(in crate::git) fn add(
    admin: &WorktreeAdmin,
    lock: &AdminLock<'_>,
    wanted: &WantedTree<'_>,
    record: &WorktreeRecord,
    new_branch: bool,
) -> Result<Registration, EnsureError> {
    if let Some(parent) = wanted.path.parent() {
        fs::create_dir_all(parent).map_err(GitError::io("create the folder", parent))?;
    }
    let git = Git::on(admin.repo.common_dir()).args(["worktree", "add", "--quiet", "--no-checkout"]);
    let git = match wanted.branch {
        Some(branch) if new_branch => git
            .args(["--no-track", "-b", branch])
            .arg(&wanted.path)
            .arg(record.base.as_str()),
        Some(branch) => {
            refuse_checked_out(admin, branch, wanted, record)?;
            git.arg(&wanted.path).arg(branch)
        }
        None => git.arg("--detach").arg(&wanted.path).arg(wanted.base.as_str()),
    };
    git.holding(lock.file())?.run()?;
    registered(admin, &wanted.path)
}

fn refuse_checked_out(
    admin: &WorktreeAdmin,
    branch: &str,
    wanted: &WantedTree<'_>,
    record: &WorktreeRecord,
) -> Result<(), EnsureError> {
    match checkout_paths(&admin.repo, branch)?.into_iter().next() {
        Some(found) if record.state == TreeProgress::Made && found != admin.repo.top() => {
            Err(WorktreeRefusal::MovedAway {
                path: wanted.path.clone(),
                branch: branch.to_owned(),
                found,
            }
            .into())
        }
        Some(path) => {
            let branch = branch.to_owned();
            Err(WorktreeRefusal::CheckedOutElsewhere { branch, path }.into())
        }
        None => Ok(()),
    }
}

fn registered(admin: &WorktreeAdmin, path: &Path) -> Result<Registration, EnsureError> {
    registration_at(admin.repo.common_dir(), path)?.ok_or_else(|| {
        EnsureError::Git(GitError::Unreadable {
            command: "git worktree add".to_owned(),
            what: format!("no worktree was registered at `{}`", path.display()),
        })
    })
}
