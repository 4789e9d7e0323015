//! Why a plan or a part of it ended the way it did.

use super::reason::{LandedReason, MergeReason, Reason};
use crate::plan::{PhaseId, PlanName, UnitId};
use crate::schedule::event::resolving;
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::event::why::because::Hold;
use crate::schedule::merge::landing;
use crate::schedule::state::known::State;
use crate::schedule::state::lost::Lost;
use crate::schedule::state::plan_run::{Merge, Outcome, PlanRun};
use crate::schedule::state::resolution::WayOut;
use crate::schedule::work::plans::{PlanWork, Work};

pub(in crate::schedule) fn explain_outcome(
    work: &Work,
    state: &State,
    plan: &PlanWork,
    run: &PlanRun,
    outcome: &Outcome,
) -> Vec<Reason> {
    match outcome {
        Outcome::Failed(why) => vec![Reason::Failed { why: why.clone() }],
        Outcome::Skipped(why) => vec![Reason::Skipped { why: why.clone() }],
        Outcome::Cancelled => vec![match run.reverted.iter().next() {
            Some((target, commit)) => Reason::Reverted {
                target: target.clone(),
                commit: commit.clone(),
            },
            None => Reason::Cancelled,
        }],
        Outcome::Held(Hold::Asks { question }) => vec![Reason::Asks(None, question.clone())],
        Outcome::Held(Hold::Work { unit, .. }) if run.questions.contains_key(&Some(*unit)) => {
            questions(run).collect()
        }
        Outcome::Held(hold) => {
            let held = Reason::Held(hold.clone());
            std::iter::once(held).chain(questions(run)).collect()
        }
        Outcome::Finished => match (&run.merge, &run.merge_trouble) {
            (Merge::Running(into), _) => vec![Reason::Merge(in_the_train(work, state, &plan.name, into))],
            (_, Some(trouble))
                if !matches!(trouble, MergeTrouble::Refused { .. }) || !run.is_landing_paused() =>
            {
                vec![explain_trouble(run, &plan.name, None, trouble)]
            }
            _ if state.is_landed(&plan.name) => landed(state, plan, run),
            (Merge::Wanted(_), _) => vec![Reason::Merge(MergeReason::Queued(None))],
            // The pause is a reason of its own.
            (Merge::Idle, _) if run.is_landing_paused() => Vec::new(),
            (Merge::Idle, _) => {
                let unread = run.why_unread().map(Reason::Unread);
                let merge = Reason::Merge(MergeReason::NotAsked);
                std::iter::once(merge).chain(unread).collect()
            }
        },
    }
}

/// Why a unit of the plan will not be done in this run.
pub(in crate::schedule) fn explain_lost(run: &PlanRun, unit: UnitId, lost: &Lost) -> Reason {
    match run.questions.get(&Some(unit)) {
        Some(open) => Reason::Asks(Some(unit), open.text.clone()),
        None => Reason::Lost(unit, lost.clone()),
    }
}

/// The unanswered questions of the plan's agents.
pub(in crate::schedule) fn questions(run: &PlanRun) -> impl Iterator<Item = Reason> {
    let questions = run.questions.iter();
    questions.map(|(unit, open)| Reason::Asks(*unit, open.text.clone()))
}

/// Remarks about a plan that has landed.
fn landed(state: &State, plan: &PlanWork, run: &PlanRun) -> Vec<Reason> {
    let target = state.run.as_ref().map(|run| &run.target);
    let by_hand = target.and_then(|target| run.landed_by_hand.get(target));
    let resolution = &run.resolution;
    let all = [
        is_rewritten(state, plan).then_some(LandedReason::Rewritten),
        by_hand.map(|evidence| LandedReason::ByHand(evidence.to_string())),
        resolution.repaired.clone().map(LandedReason::Repaired),
        resolution.left_out.clone().map(LandedReason::LeftOut),
    ];
    let all = all.into_iter().flatten().map(Reason::Landed);
    all.chain(run.why_unread().map(Reason::Unread)).collect()
}

/// True for a plan that has landed and whose tasks have changed since. Nobody will work on the new tasks.
pub fn is_rewritten(state: &State, plan: &PlanWork) -> bool {
    let landed = state.plan(&plan.name).landed_print;
    state.is_landed(&plan.name) && landed.is_some_and(|landed| landed != plan.document.print())
}

/// The plan's position in the merge train.
fn in_the_train(work: &Work, state: &State, name: &PlanName, into: &Option<String>) -> MergeReason {
    if !work.train.verified {
        return MergeReason::Running(None);
    }
    let (_, queue) = landing::queue(work, state, Some(into.clone()));
    let aboard = queue.into_iter().map(|entry| entry.plan);
    let aboard: Vec<PlanName> = aboard
        .filter(|plan| matches!(state.plan(plan).merge, Merge::Running(_)))
        .collect();
    let place = aboard.iter().position(|plan| plan == name).unwrap_or(0);
    MergeReason::InTrain {
        behind: place.checked_sub(1).map(|before| aboard[before].clone()),
        place: place + 1,
        of: aboard.len(),
    }
}

/// Why a merge did not land a plan, or its phases up to `up_to`.
pub(in crate::schedule) fn explain_trouble(
    run: &PlanRun,
    plan: &PlanName,
    up_to: Option<PhaseId>,
    trouble: &MergeTrouble,
) -> Reason {
    Reason::Merge(MergeReason::Trouble {
        up_to,
        trouble: trouble.clone(),
        way_out: WayOut::of(&resolving::up_to(plan, up_to), &run.resolution),
    })
}
