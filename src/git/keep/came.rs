//! Commits that somebody makes on a detached HEAD between a look at it and its move.

use std::path::Path;

use super::backup::stamp;
use super::set_aside::back_up_once;
use crate::git::admin::spec::owner_of;
use crate::git::admin::worktree_admin::WorktreeAdmin;
use crate::git::files::error::GitError;
use crate::git::files::regular;
use crate::git::state::inspect::{WorktreeState, git_dir};
use crate::plan::CommitId;

/// Keeps a commit that somebody made on a detached HEAD after it was looked at and before it moved: no branch has it.
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

/// Where HEAD stood before its last move, as the worktree's reflog tells.
pub(in crate::git) fn head_before(path: &Path) -> Option<CommitId> {
    let log = regular::read_to_string(&git_dir(path).ok()?.join("logs/HEAD")).ok()?;
    log.lines().last()?.split(' ').next()?.parse().ok()
}
