//! Finished work that is not on its plan's branch any more.

use super::super::Campaign;
use super::candidate::refused;
use crate::plan::{CommitId, Plan};
use crate::schedule::MergeTrouble;

/// Refuses to take a plan for landed because its branch has nothing that the target lacks, when that is so because its work is
/// not on the branch any more.
pub(super) fn refuse_what_is_lost(
    campaign: &Campaign,
    plan: &Plan,
    made: &CommitId,
    onto: &CommitId,
) -> Result<(), MergeTrouble> {
    let found = campaign.repo.landed_by(made, onto);
    match found.map_err(|error| refused(&error))? {
        Some(_) => Ok(()),
        None => Err(refused(&format!(
            "its branch `{branch}` does not have the work any more with which it was finished ({}): \
             `git branch -f {branch} {made}` brings it back",
            made.short(),
            branch = plan.branch,
        ))),
    }
}
