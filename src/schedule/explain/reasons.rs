//! The states that people see, and why a plan is where it is.

use std::time::Duration;

use super::conflicts::{foreseen, red_with};
use super::delay::{closed_agent, delay};
use super::outcome::{explain_lost, explain_outcome};
use super::prefix::{first_phases, taken_back};
use super::reason::Reason;
use super::standstill::told;
use super::states::plan_state;
use super::wait::{other_pauses, waiting};
use crate::plan::{PlanName, PlanState, UnitId, format_duration};
use crate::schedule::ready::dispatch::{DispatchLimit, Room};
use crate::schedule::ready::readiness::Readiness;
use crate::schedule::state::attempt::{Attempt, AttemptState};
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::{PlanRun, Verify};
use crate::schedule::work::plans::{PlanWork, Work};

/// Every reason why the plan is in its state, most important first. Never empty for a plan that does not run.
pub fn explain(work: &Work, state: &State, name: &PlanName) -> Vec<Reason> {
    let Some(plan) = state.number(name).map(|number| &work.plans[number]) else {
        return Vec::new();
    };
    let mut reasons = reasons(work, state, plan, name);
    reasons.extend(other_pauses(plan, state.plan(name), &reasons));
    let told = state.number(name).and_then(|number| told(work, state, number));
    if let (Some(first), Some(told)) = (reasons.first_mut(), told) {
        first.text += &format!("; {told}");
    }
    if !state.is_landed(name) {
        reasons.extend(first_phases(state, name));
        reasons.extend(foreseen(state, state.plan(name)));
        reasons.extend(red_with(state, state.plan(name)));
    }
    reasons.extend(taken_back(state, state.plan(name)));
    reasons
}

fn reasons(work: &Work, state: &State, plan: &PlanWork, name: &PlanName) -> Vec<Reason> {
    let run = state.plan(name);
    if let Some(outcome) = &run.outcome {
        return explain_outcome(work, state, plan, run, outcome);
    }
    if run.is_at_work() {
        return run
            .attempts
            .values()
            .flat_map(|attempt| at_work(plan, state, attempt))
            .collect();
    }
    if run.verify == Verify::Running {
        return vec![Reason::new("its verification runs")];
    }
    let look = Readiness::new(plan, run, state);
    let ready = look.ready(state.now);
    let mut reasons = Vec::new();
    if ready.is_empty() {
        reasons.extend(delay(plan, run, state, None));
        if reasons.is_empty() {
            reasons.extend(closed_agent(plan, &look, state));
        }
        let first = look.open().next();
        reasons.extend(
            first
                .map(|unit| look.waits(unit))
                .into_iter()
                .flatten()
                .map(|wait| waiting(work, state, name, run, &wait)),
        );
    }
    if reasons.is_empty() && !run.is_paused() {
        reasons.extend(explain_ready(work, state, plan, run, ready.first().copied()));
    }
    reasons
}

/// Every reason why a unit of a plan is not being worked on, most important first; what its attempt is at when it is.
pub fn explain_unit(work: &Work, state: &State, name: &PlanName, unit: UnitId) -> Vec<Reason> {
    let Some(plan) = state.number(name).map(|number| &work.plans[number]) else {
        return Vec::new();
    };
    let run = state.plan(name);
    if run.is_unit_done(unit) {
        return vec![Reason::new("is done")];
    }
    if let Some(attempt) = run
        .attempts
        .values()
        .find(|attempt| attempt.units.contains(&unit))
    {
        return at_work(plan, state, attempt);
    }
    if let Some(lost) = run.lost.get(&unit) {
        return vec![explain_lost(state, name, unit, lost)];
    }
    if let Some(outcome) = &run.outcome {
        return explain_outcome(work, state, plan, run, outcome);
    }
    let Some(place) = plan.unit_place(unit) else {
        return Vec::new();
    };
    let look = Readiness::new(plan, run, state);
    let waits = look.waits(place);
    let mut reasons: Vec<Reason> = delay(plan, run, state, Some(unit)).into_iter().collect();
    reasons.extend(waits.iter().map(|wait| waiting(work, state, name, run, wait)));
    if reasons.is_empty() && !look.ready(state.now).contains(&place) {
        let ahead = look.open().take_while(|open| *open != place);
        let ahead: Vec<String> = ahead.map(|open| plan.units[open].id.to_string()).collect();
        let text = format!(
            "comes after {} of the same agent",
            crate::schedule::event::words::listed(&ahead)
        );
        reasons.extend((!ahead.is_empty()).then(|| Reason::new(text)));
    }
    if reasons.is_empty() {
        reasons.extend(explain_ready(work, state, plan, run, Some(place)));
    }
    reasons
}

/// What the attempt is at, after what is wrong with it.
fn at_work(plan: &PlanWork, state: &State, attempt: &Attempt) -> Vec<Reason> {
    let stall = attempt
        .stall
        .as_ref()
        .filter(|_| attempt.state == AttemptState::Running);
    let stall = stall.map(|stall| {
        Reason::with_remedy(
            format!(
                "{} is stuck: {}{}",
                attempt.id,
                stall.ages_at(state.now).words(),
                stall.prospect(plan, state.now)
            ),
            format!(
                "orch logs {0}; orch pause --now {0}, then orch resume {0}, starts it anew",
                plan.name
            ),
        )
    });
    let text = match &attempt.state {
        AttemptState::Assigned => format!("agent {} is being started ({})", attempt.agent, attempt.id),
        AttemptState::Running => format!(
            "agent {} works on {} ({})",
            attempt.agent,
            units(&attempt.units),
            attempt.id
        ),
        AttemptState::Ended(exit) => format!(
            "the agent {}; what it left is being checked ({})",
            exit.describe(),
            attempt.id
        ),
        AttemptState::Checked(exit, _) => format!(
            "the agent {}; its commits are being merged into the plan's branch ({})",
            exit.describe(),
            attempt.id
        ),
    };
    stall.into_iter().chain([Reason::new(text)]).collect()
}

fn units(ids: &[UnitId]) -> String {
    match ids {
        [] => "the plan".to_owned(),
        [UnitId::Phase(one)] => format!("phase {one}"),
        [UnitId::Task(one)] => format!("task {one}"),
        [first, .., last] => format!("phases {first} to {last}"),
    }
}

fn explain_ready(
    work: &Work,
    state: &State,
    plan: &PlanWork,
    run: &PlanRun,
    unit: Option<usize>,
) -> Option<Reason> {
    if state.run.is_none() {
        return Some(Reason::with_remedy("nothing has been started yet", "orch up"));
    }
    if !matches!(state.phase, crate::schedule::state::known::RunPhase::Driving) {
        return Some(Reason::with_remedy("no run is under way", "orch up"));
    }
    let first = &plan.units[unit?];
    let busy = || {
        let mut names: Vec<&str> = state.open_attempts().map(|(name, _, _)| name.as_str()).collect();
        names.dedup();
        names.join(", ")
    };
    if run.worktree().is_none() && Room::left(work, state).refusal(work, first).is_none() {
        return Some(Reason::new(match run.making.get(&0) {
            Some(what) => format!("its worktree is being made: {what}"),
            None => "its worktree is being made".to_owned(),
        }));
    }
    let Some(limit) = Room::left(work, state).refusal(work, first) else {
        if run.attempts.len() >= plan.lanes {
            let lanes = run.attempts.len();
            return Some(Reason::new(format!("all {lanes} lanes of the plan are taken")));
        }
        let ahead = work.plans.iter().filter(|other| {
            let run = state.plan(&other.name);
            run.worktree().is_none() && plan_state(work, state, &other.name) == PlanState::Ready
        });
        let names: Vec<&str> = ahead.map(|other| other.name.as_str()).collect();
        let kept = (!names.is_empty()).then(|| {
            format!(
                "a slot is kept for {}, whose worktree is being made",
                names.join(", ")
            )
        });
        return kept.map(Reason::new);
    };
    let text = match limit {
        DispatchLimit::Slots(1) => format!("the only slot is taken by {}", busy()),
        DispatchLimit::Slots(slots) => format!("all {slots} slots are taken by {}", busy()),
        DispatchLimit::Agent(agent, max) => format!("agent {agent} runs {max} times already, its maximum"),
        DispatchLimit::Resource(resource) => {
            format!(
                "no token of resource {resource} is free: held by {}",
                holders(work, state, &resource)
            )
        }
    };
    Some(Reason::new(text))
}

/// Who holds tokens of a resource, and since when.
fn holders(work: &Work, state: &State, resource: &crate::plan::ResourceName) -> String {
    let holding = state.open_attempts().filter_map(|(name, _, attempt)| {
        let plan = &work.plans[state.number(name)?];
        let unit = plan.unit(*attempt.units.first()?)?;
        let seconds = state.now.since(attempt.since).as_secs();
        unit.uses.contains(resource).then(|| {
            let expected = format_duration(Duration::from_millis(unit.expected));
            format!(
                "{name}.{} for {seconds} s until it ends, expected to take {expected}",
                unit.id
            )
        })
    });
    holding.collect::<Vec<_>>().join(", ")
}
