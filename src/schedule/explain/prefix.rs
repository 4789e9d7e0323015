//! The first phases of a plan that land before the rest.

use super::outcome::explain_trouble;
use super::reason::{LandedReason, MergeReason, Reason};
use crate::plan::PlanName;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::{Merge, Outcome, PlanRun};

/// The first phases of the plan that have landed, are about to land, or could not land.
pub(in crate::schedule) fn first_phases(state: &State, name: &PlanName) -> Vec<Reason> {
    let run = state.plan(name);
    let trouble = run.prefix_trouble.as_ref();
    let trouble = trouble.map(|(up_to, trouble)| explain_trouble(run, name, Some(*up_to), trouble));
    let wanted = run.merge_up_to.filter(|_| run.outcome != Some(Outcome::Finished));
    let wanted = wanted.map(|up_to| {
        Reason::Merge(match run.merge {
            Merge::Running(_) => MergeReason::Running(Some(up_to)),
            Merge::Wanted(_) | Merge::Idle => MergeReason::Queued(Some(up_to)),
        })
    });
    [trouble, landed(state, run), wanted]
        .into_iter()
        .flatten()
        .collect()
}

fn landed(state: &State, run: &PlanRun) -> Option<Reason> {
    let target = &state.run.as_ref()?.target;
    let part = run.landed_prefix.get(target)?;
    Some(Reason::Landed(LandedReason::Phases {
        prefix: part.prefix.clone(),
        target: target.clone(),
        commit: part.commit.clone(),
    }))
}

/// The phases that were reverted on the target, for a plan that has landed again since. Landing again does not bring these phases
/// back.
pub(in crate::schedule) fn taken_back(state: &State, run: &PlanRun) -> Option<Reason> {
    let target = &state.run.as_ref()?.target;
    let (back, commit) = (run.taken_back.get(target)?, run.reverted.get(target)?);
    run.landed.get(target)?;
    Some(Reason::Landed(LandedReason::TakenBack {
        phases: back.iter().copied().collect(),
        target: target.clone(),
        commit: commit.clone(),
    }))
}
