//! The reasons for the state of a plan or a part of it.

use super::conflicts::{foreseen, red_with};
use super::delay::{closed_agent, delay};
use super::outcome::{explain_lost, explain_outcome};
use super::prefix::{first_phases, taken_back};
use super::reason::{
    AttemptActivity, CapacityReason, Explanation, Reason, StuckNext, TokenHolder, TokensTaken, WaitingFor,
};
use super::standstill::told;
use super::states::plan_state;
use super::wait::{other_pauses, waiting};
use crate::plan::{OnStall, PlanName, PlanState, ResourceName, UnitId};
use crate::schedule::ready::dispatch::{DispatchLimit, Room};
use crate::schedule::ready::lanes::lanes;
use crate::schedule::ready::readiness::Readiness;
use crate::schedule::state::attempt::{Attempt, AttemptState, Stall};
use crate::schedule::state::known::{RunPhase, State};
use crate::schedule::state::person::stand_in::agent_of;
use crate::schedule::state::plan_run::{PlanRun, Verify};
use crate::schedule::work::plans::{PlanWork, Work};

/// Every reason for the plan's state. A plan that does not run has at least one reason.
pub fn explain(work: &Work, state: &State, name: &PlanName) -> Explanation {
    let Some((number, plan)) = state.number(name).map(|number| (number, &work.plans[number])) else {
        return Explanation::default();
    };
    let run = state.plan(name);
    let mut reasons = reasons(work, state, plan, name);
    for pause in other_pauses(plan, run) {
        let known = |reason: &Reason| match (reason, &pause) {
            (Reason::Waits(WaitingFor::Pause(known, _)), WaitingFor::Pause(what, _)) => known == what,
            _ => false,
        };
        if !reasons.iter().any(known) {
            reasons.push(Reason::Waits(pause));
        }
    }
    let replaced = run.stand_ins.iter().filter(|_| !run.has_settled());
    reasons.extend(replaced.map(|(own, by)| Reason::StandIn {
        own: own.clone(),
        by: by.clone(),
    }));
    let escalated = told(work, state, number).filter(|_| !reasons.is_empty());
    if !state.is_landed(name) {
        reasons.extend(first_phases(state, name));
        reasons.extend(foreseen(state, run));
        reasons.extend(red_with(state, run));
    }
    reasons.extend(taken_back(state, run));
    Explanation { reasons, escalated }
}

fn reasons(work: &Work, state: &State, plan: &PlanWork, name: &PlanName) -> Vec<Reason> {
    let run = state.plan(name);
    if let Some(outcome) = &run.outcome {
        return explain_outcome(work, state, plan, run, outcome);
    }
    if run.is_at_work() {
        let attempts = run.attempts.values();
        let own = attempts.flat_map(|attempt| at_work(plan, state, attempt));
        return own.chain(narrowed(work, state, name)).collect();
    }
    if run.verify == Verify::Running {
        return vec![Reason::Verifying];
    }
    let look = Readiness::new(plan, run, state);
    let ready = look.ready(state.now);
    let mut reasons = Vec::new();
    if ready.is_empty() {
        let later = delay(plan, run, state, None).or_else(|| closed_agent(plan, &look, state));
        reasons.extend(later.map(Reason::Later));
        let first = look.open().next();
        reasons.extend(
            first
                .map(|unit| look.waits(unit))
                .into_iter()
                .flatten()
                .map(|wait| Reason::Waits(waiting(work, state, name, run, &wait))),
        );
    }
    if reasons.is_empty() && !run.is_paused() {
        let capacity = explain_ready(work, state, plan, run, ready.first().copied());
        reasons.extend(capacity.map(Reason::Capacity));
    }
    reasons
}

/// The reduced number of lanes of a plan at work, if more of its work could begin.
fn narrowed(work: &Work, state: &State, name: &PlanName) -> Option<Reason> {
    let number = state.number(name)?;
    let (plan, run) = (&work.plans[number], &state.plans[number]);
    let count = lanes(work, state, number);
    let is_full = !count.holds.is_empty() && run.attempts.len() >= count.lanes;
    let waits = is_full && !Readiness::new(plan, run, state).ready(state.now).is_empty();
    waits.then_some(Reason::Capacity(CapacityReason::Lanes(count)))
}

/// Every reason why no agent works on a unit, most important first. For a unit with an attempt, the activity of the attempt.
pub fn explain_unit(work: &Work, state: &State, name: &PlanName, unit: UnitId) -> Vec<Reason> {
    let Some(plan) = state.number(name).map(|number| &work.plans[number]) else {
        return Vec::new();
    };
    let run = state.plan(name);
    if run.is_unit_done(unit) {
        return vec![Reason::Done];
    }
    if let Some(attempt) = run
        .attempts
        .values()
        .find(|attempt| attempt.units.contains(&unit))
    {
        return at_work(plan, state, attempt);
    }
    if let Some(lost) = run.lost.get(&unit) {
        return vec![explain_lost(run, unit, lost)];
    }
    if let Some(outcome) = &run.outcome {
        return explain_outcome(work, state, plan, run, outcome);
    }
    let Some(place) = plan.unit_place(unit) else {
        return Vec::new();
    };
    let look = Readiness::new(plan, run, state);
    let waits = look.waits(place);
    let later = delay(plan, run, state, Some(unit)).map(Reason::Later);
    let mut reasons: Vec<Reason> = later.into_iter().collect();
    reasons.extend(
        waits
            .iter()
            .map(|wait| Reason::Waits(waiting(work, state, name, run, wait))),
    );
    if reasons.is_empty() && !look.ready(state.now).contains(&place) {
        let ahead = look.open().take_while(|open| *open != place);
        let ahead: Vec<UnitId> = ahead.map(|open| plan.units[open].id).collect();
        reasons.extend((!ahead.is_empty()).then_some(Reason::Waits(WaitingFor::SameAgent(ahead))));
    }
    if reasons.is_empty() {
        reasons.extend(explain_ready(work, state, plan, run, Some(place)).map(Reason::Capacity));
    }
    reasons
}

/// The activity of the attempt, preceded by its stall if it is stalled.
fn at_work(plan: &PlanWork, state: &State, attempt: &Attempt) -> Vec<Reason> {
    let is_running = attempt.state == AttemptState::Running;
    let stall = attempt.stall.as_ref().filter(|_| is_running);
    let stuck =
        stall.map(|stall| AttemptActivity::Stuck(stall.ages_at(state.now), stuck_next(stall, plan, state)));
    let now = match &attempt.state {
        AttemptState::Assigned => AttemptActivity::Starting(attempt.agent.clone()),
        AttemptState::Submitted => match &attempt.away {
            Some(away) => AttemptActivity::Submitted(away.executor.clone()),
            None => AttemptActivity::Starting(attempt.agent.clone()),
        },
        AttemptState::Running => AttemptActivity::Working(attempt.agent.clone(), attempt.units.clone()),
        AttemptState::Ended(exit) => AttemptActivity::Checking(exit.clone()),
        AttemptState::Checked(exit, _) => AttemptActivity::Integrating(exit.clone()),
    };
    let silent = attempt
        .away
        .as_ref()
        .filter(|_| is_running)
        .and_then(|away| away.silent);
    let silent = silent.map(|since| AttemptActivity::Silent(state.now.since(since)));
    let all = silent.into_iter().chain(stuck).chain([now]);
    all.map(|at| Reason::AtWork(attempt.id.clone(), at)).collect()
}

fn stuck_next(stall: &Stall, plan: &PlanWork, state: &State) -> StuckNext {
    let Some(stall_after) = plan.attempts.stuck_after else {
        return StuckNext::Nothing;
    };
    match (stall.acted, plan.attempts.on_stuck) {
        (Some(OnStall::Nudge), _) => StuckNext::Nudged,
        (Some(_), _) => StuckNext::Ending,
        (None, OnStall::Notice) => StuckNext::Nothing,
        (None, action) => StuckNext::In(stall_after.saturating_sub(state.now.since(stall.since)), action),
    }
}

fn explain_ready(
    work: &Work,
    state: &State,
    plan: &PlanWork,
    run: &PlanRun,
    unit: Option<usize>,
) -> Option<CapacityReason> {
    if state.run.is_none() {
        return Some(CapacityReason::NothingStarted);
    }
    if state.phase != RunPhase::Driving {
        return Some(CapacityReason::NoRun);
    }
    let first = &plan.units[unit?];
    let count = lanes(work, state, state.number(&plan.name)?);
    let agent = agent_of(run, first);
    let at = work.locality(plan, agent);
    let limit = Room::left(work, state).refusal(work, at, first, agent);
    match limit {
        None if run.worktree().is_none() => Some(CapacityReason::MakingWorktree(run.making.get(&0).cloned())),
        None if run.attempts.len() >= count.lanes => Some(CapacityReason::Lanes(count)),
        None => {
            let ahead = work.plans.iter().map(|other| &other.name).filter(|name| {
                let is_new = state.plan(name).worktree().is_none();
                is_new && plan_state(work, state, name) == PlanState::Ready
            });
            let ahead: Vec<PlanName> = ahead.cloned().collect();
            (!ahead.is_empty()).then_some(CapacityReason::SlotKept(ahead))
        }
        Some(DispatchLimit::Batch) => state.width.change().cloned().map(CapacityReason::Batch),
        Some(DispatchLimit::Slots(slots)) if slots < work.slots => {
            let change = state.width.change().cloned();
            change.map(|change| CapacityReason::Narrowed(slots, change))
        }
        Some(DispatchLimit::Slots(slots)) => {
            let mut by: Vec<PlanName> = state.open_attempts().map(|(name, _, _)| name.clone()).collect();
            by.dedup();
            Some(CapacityReason::Slots { slots, by })
        }
        Some(DispatchLimit::Executor(name, slots)) => Some(CapacityReason::Executor(name, slots)),
        Some(DispatchLimit::Memory(free)) => Some(CapacityReason::Memory(free)),
        Some(DispatchLimit::Agent(agent, max)) => Some(CapacityReason::Agent(agent, max)),
        Some(DispatchLimit::Resource(resource)) => {
            Some(CapacityReason::Resource(tokens_taken(work, state, resource)))
        }
    }
}

/// What is known about a resource that work waits for.
pub fn tokens_taken(work: &Work, state: &State, resource: ResourceName) -> TokensTaken {
    TokensTaken {
        holders: token_holders(work, state, &resource),
        patience: work.patience.get(&resource).copied(),
        resource,
    }
}

/// The work that holds tokens of a resource.
pub fn token_holders(work: &Work, state: &State, resource: &ResourceName) -> Vec<TokenHolder> {
    let holding = state.open_attempts().filter_map(|(name, _, attempt)| {
        let plan = &work.plans[state.number(name)?];
        let unit = plan.unit(*attempt.units.first()?)?;
        unit.uses.contains(resource).then(|| TokenHolder {
            plan: name.clone(),
            unit: unit.id,
            since: state.now.since(attempt.since),
        })
    });
    holding.collect()
}
