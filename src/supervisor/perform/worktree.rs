//! Making a plan's worktree.

use crate::git::{WorktreeAdmin, WorktreeSpec};
use crate::plan::{CommitId, PlanName};
use crate::schedule::Event;
use crate::status;

use super::super::Campaign;

/// Makes the plan's branch and worktree, or finds them made, with the warnings that came of it.
pub fn make_worktree(
    campaign: &Campaign,
    admin: &WorktreeAdmin,
    name: &PlanName,
    base: &CommitId,
) -> (Event, Vec<String>) {
    let refused = |why: String| {
        let plan = name.clone();
        (Event::WorktreeRefused { plan, why }, Vec::new())
    };
    let Some(plan) = campaign.plan(name) else {
        return refused("the plan is not in the manifest any more".to_owned());
    };
    let spec = WorktreeSpec {
        key: name.to_string(),
        path: campaign.worktree_path(name.as_str()),
        branch: plan.branch.clone(),
        base: base.clone(),
    };
    match admin.ensure(&spec) {
        Ok(mut ready) => {
            // The folder where agents report is there before anybody watches it.
            if let Err(error) = status::prepare(&ready.path, name, &plan.document) {
                ready.warnings.push(error.to_string());
            }
            let event = Event::WorktreeCreated {
                plan: name.clone(),
                path: ready.path.to_string_lossy().into_owned(),
                branch: plan.branch.clone(),
                base: base.clone(),
            };
            (event, ready.warnings)
        }
        Err(error) => refused(error.to_string()),
    }
}
