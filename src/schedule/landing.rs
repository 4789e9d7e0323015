//! Which plans are to land, in which order, and which requests cannot be met.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::plan::{PlanName, Priority};

use super::foresight::in_the_way_of;
use super::plan_run::{Merge, Outcome, PlanRun};
use super::state::State;
use super::train::Entry;
use super::work::{PlanWork, Work};
use super::{Hold, MergeTrouble};

/// The more urgent first; of those alike, the one in the way of fewer others.
type Urgency = (Reverse<Priority>, usize);

/// The first request that cannot be met, and why.
pub fn refusal(work: &Work, state: &State) -> Option<(PlanName, MergeTrouble)> {
    let candidates = candidates(work, state);
    candidates.iter().find_map(|(plan, into)| {
        let run = state.plan(&plan.name);
        if run.outcome != Some(Outcome::Finished) {
            return Some((plan.name.clone(), not_finished(run)));
        }
        let lost = blockers(work, plan, into.as_deref(), state)
            .into_iter()
            .find(|on| {
                let on_wanted = candidates.iter().any(|(other, _)| other.name == *on);
                // Nobody asked for this one now: it can wait until the other may go on.
                let waits = run.merge == Merge::Idle && state.is_landing_paused(on);
                !on_wanted && !waits && !will_land_by_itself(work, on, state)
            })?;
        Some((plan.name.clone(), MergeTrouble::Waits { on: lost }))
    })
}

/// What is to land now and where: dependencies first, then effective priority, then those that are foreseen to conflict
/// with fewer others, then manifest order. A train that is under way takes in only what goes where it goes.
pub fn queue(work: &Work, state: &State, under_way: Option<Option<String>>) -> (Option<String>, Vec<Entry>) {
    let candidates = candidates(work, state);
    let all = candidates.iter().map(|(plan, into)| {
        let blockers = blockers(work, plan, into.as_deref(), state);
        (
            &plan.name,
            into,
            blockers.into_iter().collect::<BTreeSet<PlanName>>(),
        )
    });
    let mut waiting: Vec<_> = all.collect();
    let mut goes = under_way;
    let mut queue: Vec<Entry> = Vec::new();
    loop {
        let next = waiting.iter().position(|(_, into, needs)| {
            let same = goes.as_ref().is_none_or(|goes| goes == *into);
            same && needs
                .iter()
                .all(|need| queue.iter().any(|entry| entry.plan == *need))
        });
        let Some(next) = next else { break };
        let (plan, into, needs) = waiting.remove(next);
        goes.get_or_insert_with(|| into.clone());
        queue.push(Entry {
            plan: plan.clone(),
            needs,
        });
    }
    (goes.flatten(), queue)
}

/// Every plan that somebody wants merged, the most urgent first, with its target.
fn candidates<'a>(work: &'a Work, state: &State) -> Vec<(&'a PlanWork, Option<String>)> {
    let mut candidates: Vec<(Urgency, &PlanWork, Option<String>)> = Vec::new();
    for (index, plan) in work.plans.iter().enumerate() {
        let run = &state.plans[index];
        if let Some(into) = wanted(plan, run, state) {
            let order = (Reverse(plan.priority), in_the_way_of(state, run));
            candidates.push((order, plan, into));
        }
    }
    candidates.sort_by_key(|candidate| candidate.0);
    candidates
        .into_iter()
        .map(|(_, plan, into)| (plan, into))
        .collect()
}

/// The target to merge the plan into, when somebody wants it merged now.
fn wanted(plan: &PlanWork, run: &PlanRun, state: &State) -> Option<Option<String>> {
    match &run.merge {
        Merge::Wanted(into) => Some(into.clone()),
        Merge::Running(into) => Some(into.clone()),
        Merge::Idle => {
            let finished = run.outcome == Some(Outcome::Finished);
            let by_itself = plan.auto_merge && finished && run.merge_trouble.is_none() && !run.is_paused();
            (by_itself && state.drives(&plan.name) && !state.is_landed(&plan.name)).then_some(None)
        }
    }
}

/// The plans that have to land before this one and have not.
fn blockers(work: &Work, plan: &PlanWork, into: Option<&str>, state: &State) -> Vec<PlanName> {
    let Some(target) = into.or(state.run.as_ref().map(|run| run.target.as_str())) else {
        return Vec::new();
    };
    plan.all_depends()
        .map(|dependency| &dependency.on.plan)
        .chain(carried_overlaps(plan, state))
        .filter(|on| state.number(on).is_some())
        .filter(|on| !state.plan(on).landed.contains_key(target))
        .filter(|on| !is_partner(work, plan, on, state))
        .cloned()
        .collect()
}

/// True for a finished plan that builds on this one as this one builds on it, phase by phase in turn: neither can land
/// after the other, so the order among them is that of all others.
fn is_partner(work: &Work, plan: &PlanWork, other: &PlanName, state: &State) -> bool {
    let finished = state.plan(other).outcome == Some(Outcome::Finished);
    let mut open = vec![other];
    let mut seen: BTreeSet<&PlanName> = BTreeSet::new();
    while let Some(name) = open.pop().filter(|_| finished) {
        if name == &plan.name {
            return true;
        }
        let work = state.number(name).map(|number| &work.plans[number]);
        if let Some(work) = work.filter(|_| seen.insert(name)) {
            open.extend(work.all_depends().map(|dependency| &dependency.on.plan));
        }
    }
    false
}

/// Plans that this one was made to wait for because both touch the same files, and whose commits it carries.
fn carried_overlaps<'a>(plan: &'a PlanWork, state: &'a State) -> impl Iterator<Item = &'a PlanName> {
    let finished = |on: &&PlanName| state.plan(on).outcome == Some(Outcome::Finished);
    plan.after.iter().filter(|_| plan.carry).filter(finished)
}

/// True when the plan is still being worked on and lands without being asked.
fn will_land_by_itself(work: &Work, name: &PlanName, state: &State) -> bool {
    let run = state.plan(name);
    let open = run.is_open() && state.run.as_ref().is_none_or(|info| info.merge_only.is_none());
    let unhindered = open || (run.outcome == Some(Outcome::Finished) && run.merge_trouble.is_none());
    let busy = matches!(run.merge, Merge::Running(_));
    let auto = state
        .number(name)
        .is_some_and(|number| work.plans[number].auto_merge);
    busy || (auto && unhindered && !run.is_paused() && state.drives(name))
}

fn not_finished(run: &PlanRun) -> MergeTrouble {
    let why = match &run.outcome {
        None => "its work is not finished".to_owned(),
        Some(Outcome::Failed(why)) => format!("it failed: {why}"),
        Some(Outcome::Skipped(why)) => format!("it was skipped: {why}"),
        Some(Outcome::Held(Hold::Conflict { with, .. })) => format!("it is held: it conflicts with {with}"),
        Some(Outcome::Held(Hold::Verification { .. })) => "it is held: its verification failed".to_owned(),
        Some(Outcome::Held(
            Hold::Refused { why } | Hold::Stuck { why } | Hold::Needs { why, .. } | Hold::Work { why, .. },
        )) => {
            format!("it is held: {why}")
        }
        Some(Outcome::Cancelled) => "it was cancelled".to_owned(),
        Some(Outcome::Finished) => "it is finished".to_owned(),
    };
    MergeTrouble::NotFinished { why }
}
