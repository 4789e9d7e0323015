//! Landed plans that are not on their target any more, because somebody set that back.

use crate::plan::{CommitId, PlanName};
use crate::schedule::State;

use super::{Campaign, SupervisorError};

/// The plans that landed on the run's target with commits which it does not have.
///
/// # Errors
///
/// When the repository cannot be read.
fn set_back(campaign: &Campaign, state: &State) -> Result<Vec<(PlanName, CommitId)>, SupervisorError> {
    let Some(tip) = campaign.repo.branch_tip(&campaign.target)? else {
        return Ok(Vec::new());
    };
    let mut gone = Vec::new();
    for (name, run) in state.plans() {
        let Some(commit) = run.landed.get(&campaign.target) else {
            continue;
        };
        // A commit that cannot be looked up is on no branch at all.
        let has = |commit: &CommitId| campaign.repo.is_ancestor(commit, &tip).unwrap_or(false);
        let branch = campaign
            .plan(name)
            .map(|plan| campaign.repo.branch_tip(&plan.branch));
        // Or it was merged by hand since.
        let has_its_branch = || branch.is_some_and(|tip| tip.is_ok_and(|tip| tip.as_ref().is_some_and(has)));
        if !has(commit) && !has_its_branch() {
            gone.push((name.clone(), commit.clone()));
        }
    }
    Ok(gone)
}

/// What a person is to know of them, one text for each plan.
///
/// # Errors
///
/// When the repository cannot be read.
pub(super) fn told_of_set_back(
    campaign: &Campaign,
    state: &State,
) -> Result<Vec<(PlanName, String)>, SupervisorError> {
    let gone = set_back(campaign, state)?.into_iter();
    let told = gone.map(|(name, commit)| {
        let target = &campaign.target;
        let branch = campaign.plan(&name).map_or_else(String::new, |plan| plan.branch.clone());
        let why = format!(
            "landed on {target} as {}, which is not there any more: somebody has set {target} back. It counts as landed; `git \
             merge {branch}` in a checkout of {target} lands it again",
            commit.short()
        );
        (name, why)
    });
    Ok(told.collect())
}
