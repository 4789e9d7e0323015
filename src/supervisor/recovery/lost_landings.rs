//! Landed plans that are no longer on their target, because somebody reset the target.

use std::collections::BTreeSet;

use crate::git;
use crate::plan::{CommitId, PlanName};
use crate::schedule::State;

use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::repository_plans::Project;

/// A text for a person about each plan whose landing commit is missing from the run's target.
///
/// # Errors
///
/// When the repository cannot be read.
pub fn lost_landings(project: &Project, state: &State) -> Result<Vec<(PlanName, String)>, SupervisorError> {
    let target = &project.target;
    let Some(tip) = project.repo.branch_tip(target)? else {
        return Ok(Vec::new());
    };
    let landed: Vec<(&PlanName, &CommitId)> = state
        .plans()
        .filter_map(|(name, run)| Some((name, run.landed.get(target)?)))
        .collect();
    let commits: BTreeSet<CommitId> = landed.iter().map(|(_, commit)| (*commit).clone()).collect();
    let gone = project.repo.not_in(&tip, &commits)?;
    // The branch may have been merged again by hand since.
    let has_its_branch = |name: &PlanName| {
        let plan = project.plan(name)?;
        let head = project.repo.branch_tip(&plan.branch).ok()??;
        project.repo.is_ancestor(&head, &tip).ok()
    };
    let told = landed
        .into_iter()
        .filter(|(name, commit)| gone.contains(*commit) && !has_its_branch(name).unwrap_or(false));
    let told = told.map(|(name, commit)| {
        let branch = project.plan(name).map_or("", |plan| plan.branch.as_str());
        let there = project.repo.branch_tip(branch).is_ok_and(|tip| tip.is_some());
        // Git would eventually delete the commits of a landing that no ref contains.
        let kept = git::keep::keep_loose(&project.repo, name.as_str(), commit);
        let back = match (there, git::refs::has_commit(&project.repo, commit)) {
            (true, _) => format!("`git merge {branch}` in a checkout of {target} lands it again"),
            (false, true) => format!("`git merge {commit}` in a checkout of {target} lands it again, with what had landed before it"),
            (false, false) => "git no longer has that commit: bring it back from another copy of the repository".to_owned(),
        };
        let kept = kept.ok().flatten();
        let kept = kept.map_or_else(String::new, |backup| format!("; the commit is kept as {}", backup.name));
        let why = format!(
            "landed on {target} as {}, which is no longer there: somebody has set {target} back. It counts as landed; {back}{kept}",
            commit.short()
        );
        (name.clone(), why)
    });
    Ok(told.collect())
}
