//! Automatic landings that met an obstacle in a checkout of the target: they are tried again once the obstacle is
//! gone.

use crate::plan::{PlanName, WorkRef};
use crate::schedule::{Event, Input, Merge, MergeTrouble, Outcome, Scheduler};

use crate::supervisor::desk::core::Desk;
use crate::supervisor::desk::message::EngineMessage;
use crate::supervisor::perform;
use crate::supervisor::project::repository_plans::Project;

/// Checks for the obstacles of landings, one check at a time.
#[derive(Debug, Default)]
pub struct ObstacleWatch {
    looking: bool,
}

impl ObstacleWatch {
    /// Checks on a thread of its own whether the obstacles of landings are gone.
    pub fn look(&mut self, desk: &Desk) {
        let met = met(&desk.scheduler);
        let Some(first) = met.first().cloned().filter(|_| !self.looking) else {
            return;
        };
        self.looking = true;
        let project = desk.project.clone();
        let known = perform::KnownPlans::of(&desk.scheduler, &project.target);
        desk.in_background(move || {
            let free = would_land(&project, &first, &known);
            EngineMessage::Unhindered(if free { met } else { Vec::new() })
        });
    }

    /// Handles the result of a check: these plans can be tried again.
    pub fn take(&mut self, desk: &Desk, plans: Vec<PlanName>, inputs: &mut Vec<Input>) {
        self.looking = false;
        let still = met(&desk.scheduler);
        let plans: Vec<WorkRef> = plans
            .into_iter()
            .filter(|plan| still.contains(plan))
            .map(|plan| WorkRef::whole(&plan))
            .collect();
        if !plans.is_empty() {
            inputs.push(Input::Event(Event::MergeRequested { plans, into: None }));
        }
    }
}

/// Updates checkouts that could not follow a landing, on a thread of its own: the obstacle may be gone.
pub fn bring_checkouts_along(desk: &Desk) {
    if !desk.project.dir.landing().exists() {
        return;
    }
    let (project, sender) = (desk.project.clone(), desk.sender.clone());
    tokio::task::spawn_blocking(move || {
        // A checkout that is still behind was reported, and `orch status` shows it.
        let ended = perform::resume_landing(&project).unwrap_or_default();
        for what in ended.followed {
            let _ = sender.send(EngineMessage::Warning(None, what));
        }
    });
}

/// Plans whose automatic landing met an obstacle, oldest first, and the plans that wait for them.
fn met(scheduler: &Scheduler) -> Vec<PlanName> {
    let state = scheduler.state();
    let by_itself = scheduler.work().plans.iter().filter(|plan| plan.auto_merge);
    let waiting: Vec<(&PlanName, &MergeTrouble)> = by_itself
        .filter_map(|plan| {
            let run = state.plan(&plan.name);
            let idle = run.merge == Merge::Idle && run.outcome == Some(Outcome::Finished);
            let open = idle && state.drives(&plan.name) && !state.is_landed(&plan.name);
            Some((&plan.name, run.merge_trouble.as_ref().filter(|_| open)?))
        })
        .collect();
    let met = waiting
        .iter()
        .filter(|(_, why)| matches!(why, MergeTrouble::Obstacle { .. }));
    let mut all: Vec<PlanName> = met.map(|(name, _)| (*name).clone()).collect();
    loop {
        let behind = waiting.iter().find(|(name, why)| {
            let waits = matches!(why, MergeTrouble::Waits { on } if all.contains(on));
            waits && !all.contains(name)
        });
        match behind {
            Some((name, _)) => all.push((*name).clone()),
            None => return all,
        }
    }
}

fn would_land(project: &Project, plan: &PlanName, known: &perform::KnownPlans) -> bool {
    let tip = project.repo.branch_tip(&project.target).ok().flatten();
    let onto = tip.unwrap_or_else(|| project.base.clone());
    let rehearsed = perform::rehearse(project, plan, &project.target, &onto, known);
    // The train reports any other trouble.
    !matches!(rehearsed, Err(MergeTrouble::Obstacle { .. }))
}
