//! After a failed attempt: another attempt, or an end without success.

use super::backoff;
use super::taking_over::taken_over;
use crate::plan::{AttemptId, Dispatch, PlanName, UnitId};
use crate::schedule::board::core::Board;
use crate::schedule::board::step::Step;
use crate::schedule::event::about::Failed;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::why::because::{Because, Hold};
use crate::schedule::judge::failure::Failure;
use crate::schedule::ready::built_on::built_on;
use crate::schedule::state::attempt::Attempt;
use crate::schedule::state::loop_breaker::{BRIEF, LOOP, is_brief};
use crate::schedule::state::person::stand_in::has_been_replaced;
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::PlanWork;

/// Ends an attempt that only a person can help. Holds the plan, or only the attempt's unit when other units of the plan
/// continue.
pub(in crate::schedule) fn hold_attempt(
    board: &mut Board,
    at: At,
    plan: &PlanName,
    attempt: &AttemptId,
    hold: Hold,
    step: &mut Step,
) {
    let run = board.state.plan(plan);
    let current = run.attempt(attempt);
    let unit = current
        .filter(|current| run.by_units && !current.repair)
        .and_then(|current| current.units.first().copied());
    let why = hold.because();
    let failed = failed(plan, attempt, &Failure::uncounted(why.clone()), None);
    board.record(at, failed, step);
    let event = match unit {
        None => Event::PlanHeld {
            plan: plan.clone(),
            why: hold,
        },
        Some(unit) => Event::WorkFailed {
            plan: plan.clone(),
            unit,
            why,
            held: true,
            built_on: Vec::new(),
        },
    };
    board.record(at, event, step);
}

pub(in crate::schedule) fn retry_or_give_up(
    board: &mut Board,
    at: At,
    plan: &PlanName,
    attempt: &AttemptId,
    failure: &Failure,
    step: &mut Step,
) {
    let Some(work) = board.plan_work(plan) else {
        return;
    };
    let policy = work.attempts.clone();
    let run = board.state.plan(plan);
    let Some(current) = run.attempt(attempt) else {
        return;
    };
    let (unit, repair) = (current.units.first().copied(), current.repair);
    let tries = run.tries_of(unit, repair);
    let failures = tries.failures + u32::from(failure.counted);
    let brief = failure.counted && is_brief(current, run.history_of(attempt));
    let alike = tries.alike_with(&failure.why, brief);
    let looping = alike >= LOOP && !failure.hopeless && failures <= policy.retries;
    let give_up = failure.hopeless || failures > policy.retries || looping;
    let delay = (!give_up).then(|| {
        let delay = if failure.counted {
            backoff::delay(policy.backoff, failures, attempt)
        } else {
            Default::default()
        };
        u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)
    });
    let attempts = tries.attempts;
    if give_up && is_replaced(work, run, current) {
        let failure = Failure::uncounted(failure.why.clone());
        board.record(at, failed(plan, attempt, &failure, Some(0)), step);
        return;
    }
    if give_up {
        let why = Because::AgentFailed {
            agent: current.agent.clone(),
            why: Box::new(failure.why.clone()),
        };
        if let Some(event) = taken_over(board, plan, unit, &why) {
            board.record(at, failed(plan, attempt, failure, Some(0)), step);
            board.record(at, event, step);
            return;
        }
    }
    board.record(at, failed(plan, attempt, failure, delay), step);
    if give_up {
        let why = Box::new(failure.why.clone());
        let why = if looping {
            Because::Looping {
                alike,
                left: policy.retries + 1 - failures,
                within: BRIEF,
                why,
            }
        } else if failure.hopeless || attempts <= 1 {
            *why
        } else {
            Because::NoRetries { attempts, why }
        };
        let given_up = given_up(board, plan, unit, repair, why);
        board.record(at, given_up, step);
    }
}

/// Returns true when another agent has taken over the attempt's work while the attempt ran, so that agent tries next.
fn is_replaced(work: &PlanWork, run: &PlanRun, attempt: &Attempt) -> bool {
    let unit = attempt.units.first().and_then(|unit| work.unit(*unit));
    unit.is_some_and(|unit| has_been_replaced(work, run, unit, &attempt.agent))
}

/// Returns the event that ends a plan, or one of its units, when no attempts are left.
fn given_up(board: &Board, plan: &PlanName, unit: Option<UnitId>, repair: bool, why: Because) -> Event {
    let (plan, work) = (plan.clone(), board.plan_work(plan));
    match (unit, work) {
        _ if repair => Event::PlanHeld {
            plan,
            why: Hold::Verification { why },
        },
        (Some(unit), Some(work)) if work.dispatch != Dispatch::Plan => {
            let held = work.is_background(unit);
            let number = board.state.number(&plan).filter(|_| held);
            let built_on = number.map(|number| built_on(&board.work, &board.state, number, unit));
            Event::WorkFailed {
                plan,
                unit,
                why,
                held,
                built_on: built_on.unwrap_or_default(),
            }
        }
        (Some(_) | None, _) => Event::PlanFailed(Failed { plan, why }),
    }
}

fn failed(plan: &PlanName, attempt: &AttemptId, failure: &Failure, retry_in_ms: Option<u64>) -> Event {
    Event::AttemptFailed {
        plan: plan.clone(),
        attempt: attempt.clone(),
        why: failure.why.clone(),
        retry_in_ms,
        counted: failure.counted,
        nothing_made: failure.nothing_made,
        unread: false,
    }
}
