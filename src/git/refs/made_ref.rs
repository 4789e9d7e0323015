//! The commits of a plan's branch, kept until they have landed: `refs/orch/made/PLAN`. Deleting or moving the branch then loses
//! nothing.

use crate::git::files::error::GitError;
use crate::git::files::names::MADE;
use crate::git::keep::gate::drop_own_ref;
use crate::git::lock::own_ref::write_ref;
use crate::git::repo::repository::Repository;
use crate::plan::{CommitId, PlanName};

/// Keeps where the branch of a plan stands, with all that has come to it.
///
/// # Errors
///
/// When the ref cannot be written.
pub fn keep_made(repo: &Repository, plan: &PlanName, commit: &CommitId) -> Result<(), GitError> {
    write_ref(repo, &made_ref(plan.as_str()), commit, "orch: made")
}

/// Lets go what was kept of a plan that has landed, or whose branch is removed. `holder` is a commit that a ref has which stays:
/// what is in its history needs no backup.
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
