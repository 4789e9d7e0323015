//! Pinning the commit that dependents start from.

use std::path::Path;

use crate::git::{commit_leftovers, inspect};
use crate::plan::{CommitPolicy, PlanName, Point};
use crate::schedule::{Event, point_word};

use super::super::Campaign;

/// Pins the branch's tip, with a warning when something of the point may be missing from it.
///
/// An agent that reports a phase done before it has committed would let others start without its work. Where `orch`
/// may commit (`commit = "auto"`), what is uncommitted at that moment is committed first.
pub fn pin(
    campaign: &Campaign,
    worktree: Option<&Path>,
    name: &PlanName,
    point: Point,
) -> Result<(Event, Option<String>), String> {
    let plan = campaign
        .plan(name)
        .ok_or("the plan is not in the manifest any more")?;
    let word = point_word(point);
    let mut warning = None;
    if let Some(path) = worktree.filter(|path| path.is_dir()) {
        let state = inspect(path).map_err(|error| error.to_string())?;
        if !state.dirty.is_empty() {
            let message = format!("{name}: commit what was there when {word} was done");
            let committed = match plan.commit {
                CommitPolicy::Auto => {
                    commit_leftovers(path, &plan.branch, &message, &[("Orch-Plan", name.as_str())])
                        .map_err(|error| error.to_string())
                }
                CommitPolicy::Require => Err("`commit = \"require\"` forbids orch to commit it".to_owned()),
            };
            if let Err(why) = committed {
                warning = Some(format!(
                    "{name}.{word} was reported done with {} uncommitted files; those who wait for it start without \
                     them: {why}",
                    state.dirty.len()
                ));
            }
        }
    }
    let tip = campaign
        .repo
        .branch_tip(&plan.branch)
        .map_err(|error| error.to_string())?;
    let commit = match tip {
        Some(tip) => tip,
        // The branch is removed once it has landed; what is on the target holds its commits.
        None => campaign
            .repo
            .branch_tip(&campaign.target)
            .map_err(|error| error.to_string())?
            .ok_or_else(|| format!("neither the branch `{}` nor the target is there", plan.branch))?,
    };
    campaign
        .repo
        .pin(name, point, &commit)
        .map_err(|error| error.to_string())?;
    let pinned = Event::Pinned {
        plan: name.clone(),
        point,
        commit,
    };
    Ok((pinned, warning))
}
