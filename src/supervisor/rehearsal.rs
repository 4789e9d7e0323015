//! `orch merge --dry-run`: the shipped scheduler decides, candidates are built, nothing is verified and nothing moves.

use std::collections::BTreeMap;

use crate::plan::{CommitId, PlanName};
use crate::schedule::{Effect, Event, Input, Scheduler};

use super::merge_request::MergeRequest;
use super::{Campaign, MergeReport, SupervisorError, perform};

/// What a merge request would do.
///
/// # Errors
///
/// When the repository cannot be read.
pub fn rehearse_merge(
    campaign: &Campaign,
    mut scheduler: Scheduler,
    plans: &[PlanName],
    into: Option<&str>,
) -> Result<MergeReport, SupervisorError> {
    let target = into.unwrap_or(&campaign.target).to_owned();
    let before = campaign.repo.branch_tip(&target)?;
    let mut onto = before.clone().unwrap_or_else(|| campaign.base.clone());
    let mut request = MergeRequest::new(plans, &target, before.clone(), scheduler.state(), None);
    let at = scheduler.state().now;
    let run = scheduler
        .state()
        .run
        .as_ref()
        .map(|run| run.id)
        .unwrap_or_default();
    let start = Event::RunStarted {
        run,
        base: campaign.base.clone(),
        target: campaign.target.clone(),
        only: Vec::new(),
        merge_only: true,
    };
    let ask = Event::MergeRequested {
        plans: plans.to_vec(),
        into: into.map(str::to_owned),
    };
    // The supervisor takes both in before it decides, and so does the rehearsal.
    let _ = scheduler.take(at, &start);
    let mut inputs = vec![Input::Event(ask)];
    let mut landed: BTreeMap<PlanName, CommitId> = BTreeMap::new();
    while let Some(input) = inputs.pop() {
        let step = scheduler.handle(at, input);
        for event in &step.events {
            request.hear(event);
        }
        for effect in step.effects {
            if let Effect::Merge { plan, into } = effect {
                let event = match perform::rehearse(campaign, &plan, &target, &onto, &landed) {
                    Ok(commit) => {
                        onto = commit.clone();
                        landed.insert(plan.clone(), commit.clone());
                        Event::MergeLanded {
                            plan,
                            target: into.unwrap_or_else(|| campaign.target.clone()),
                            before: before.clone(),
                            commit,
                        }
                    }
                    Err(why) => Event::MergeFailed { plan, why },
                };
                inputs.push(Input::Event(event));
            }
        }
    }
    let mut report = request.finish(scheduler.state()).unwrap_or(MergeReport {
        target,
        before: before.clone(),
        after: None,
        plans: Vec::new(),
    });
    report.after = before;
    Ok(report)
}
