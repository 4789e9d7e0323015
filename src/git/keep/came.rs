//! Commits that somebody makes on a detached HEAD after orch has inspected it and before orch moves it.

use std::path::Path;

use super::backup::stamp;
use super::set_aside::back_up_once;
use crate::git::admin::spec::owner_of;
use crate::git::admin::worktree_admin::WorktreeAdmin;
use crate::git::files::error::GitError;
use crate::git::files::regular;
use crate::git::state::inspect::{WorktreeState, git_dir};
use crate::plan::CommitId;

/// Backs up a commit that somebody made on a detached HEAD after its inspection and before its move, because no branch
/// has it.
pub(in crate::git) fn spare_what_came(
    admin: &WorktreeAdmin,
    path: &Path,
    seen: &WorktreeState,
    was: Option<CommitId>,
) -> Result<(), GitError> {
    let Some(was) = was.filter(|was| seen.branch.is_none() && *was != seen.head) else {
        return Ok(());
    };
    let key = admin.key_at(path)?.unwrap_or_default();
    back_up_once(&admin.repo, owner_of(&key), &was, &stamp()).map(drop)
}

/// The commit of HEAD before its last move, from the worktree's reflog.
pub(in crate::git) fn head_before(path: &Path) -> Option<CommitId> {
    let log = regular::read_to_string(&git_dir(path).ok()?.join("logs/HEAD")).ok()?;
    log.lines().last()?.split(' ').next()?.parse().ok()
}
