//! The commits of a plan's branch, kept until they have landed: `refs/orch/made/PLAN`. So deleting or moving the branch
//! loses nothing.

use crate::git::files::error::GitError;
use crate::git::files::names::MADE;
use crate::git::keep::gate::drop_own_ref;
use crate::git::lock::own_ref::write_ref;
use crate::git::repo::repository::Repository;
use crate::plan::{CommitId, PlanName};

/// Keeps the tip of a plan's branch, and with it all commits of the branch.
///
/// # Errors
///
/// When the ref cannot be written.
pub fn keep_made(repo: &Repository, plan: &PlanName, commit: &CommitId) -> Result<(), GitError> {
    write_ref(repo, &made_ref(plan.as_str()), commit, "orch: made")
}

/// Releases the commits of a plan that has landed or whose branch is removed. `holder` is a commit of a ref that stays:
/// the commits in its history need no backup.
///
/// # Errors
///
/// When refs cannot be read or written.
pub fn release_made(repo: &Repository, plan: &str, holder: Option<&CommitId>) -> Result<(), GitError> {
    drop_own_ref(repo, &made_ref(plan), plan, holder).map(drop)
}

fn made_ref(plan: &str) -> String {
    format!("{MADE}{plan}")
}
