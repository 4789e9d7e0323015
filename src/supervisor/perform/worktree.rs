//! Making a plan's worktrees.

use crate::git::{EnsureError, LaneSpec, WorktreeAdmin, WorktreeReady, WorktreeSpec, again_if_killed};
use crate::plan::{CommitId, LaneId, Plan};
use crate::schedule::Event;
use crate::status;

use super::super::Campaign;

/// Makes the plan's branch and worktree, or one more worktree beside it, or finds them made, with the warnings that came
/// of it.
pub fn make_worktree(
    campaign: &Campaign,
    admin: &WorktreeAdmin,
    lane: &LaneId,
    base: &CommitId,
) -> (Event, Vec<String>) {
    let refused = |why: String| {
        let event = Event::WorktreeRefused {
            plan: lane.plan.clone(),
            lane: lane.lane,
            why,
        };
        (event, Vec::new())
    };
    let Some(plan) = campaign.plan(&lane.plan) else {
        return refused("the plan is not in the manifest any more".to_owned());
    };
    let made = again_if_killed(Result::is_ok, || ensure(campaign, admin, plan, lane, base));
    match made {
        Ok(mut ready) => {
            // The folder where agents report is there before anybody watches it.
            if let Err(error) = status::prepare(&ready.path, &lane.plan, &plan.document) {
                ready.warnings.push(error.to_string());
            }
            let event = Event::WorktreeCreated {
                plan: lane.plan.clone(),
                lane: lane.lane,
                path: ready.path.to_string_lossy().into_owned(),
                branch: plan.branch.clone(),
                base: base.clone(),
            };
            (event, ready.warnings)
        }
        Err(error) => refused(error.to_string()),
    }
}

fn ensure(
    campaign: &Campaign,
    admin: &WorktreeAdmin,
    plan: &Plan,
    lane: &LaneId,
    base: &CommitId,
) -> Result<WorktreeReady, EnsureError> {
    let (key, path) = (lane.to_string(), campaign.lane_path(lane));
    if lane.lane == 0 && plan.arrangement.dispatch == crate::plan::Dispatch::Plan {
        return admin.ensure(&WorktreeSpec {
            key,
            path,
            branch: plan.branch.clone(),
            base: base.clone(),
        });
    }
    let (branch, base) = if lane.lane == 0 {
        (Some(plan.branch.clone()), base.clone())
    } else {
        // It begins where the plan stands, so that little changes when its first task is entered.
        let tip = campaign.repo.branch_tip(&plan.branch)?;
        (None, tip.unwrap_or_else(|| base.clone()))
    };
    admin.ensure_lane(&LaneSpec {
        key,
        path,
        branch,
        base,
    })
}
