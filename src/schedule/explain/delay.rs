//! The time that a plan or a part of it waits for.

use super::reason::DelayReason;
use crate::plan::UnitId;
use crate::schedule::ready::readiness::Readiness;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::PlanWork;

/// The time that the unit waits for. Without a unit, the earliest time that the plan waits for: first the end of an obstacle,
/// else the next retry.
pub(in crate::schedule) fn delay(
    plan: &PlanWork,
    run: &PlanRun,
    state: &State,
    unit: Option<UnitId>,
) -> Option<DelayReason> {
    let parking = match unit {
        Some(unit) => run.parking(&plan.unit(unit)?.agent, state.now),
        None => {
            let live = run.parked.values().filter(|parking| parking.until > state.now);
            live.min_by_key(|parking| parking.until)
        }
    };
    if let Some(parking) = parking {
        return Some(DelayReason::Parked {
            kind: parking.kind,
            why: parking.why.clone(),
            left: parking.until.since(state.now),
            times: parking.times,
        });
    }
    let (due, of) = match unit {
        Some(unit) => (run.tries_of(Some(unit), false).retry_at?, Some(unit)),
        None => run.next_retry(state.now)?,
    };
    if due <= state.now {
        return None;
    }
    let tries = run.tries_of(of, of.is_none());
    Some(DelayReason::Retry {
        attempt: tries.attempts + 1,
        left: due.since(state.now),
        failure: tries.last_failure.clone(),
    })
}

/// The rate limit of the agent that the plan's next open unit needs, if that unit waits for nothing else.
pub(in crate::schedule) fn closed_agent(
    plan: &PlanWork,
    look: &Readiness<'_>,
    state: &State,
) -> Option<DelayReason> {
    let unit = look.open().next()?;
    let agent = &plan.units[unit].agent;
    let (until, why) = state.closed_until(agent)?;
    look.waits(unit).is_empty().then(|| DelayReason::AgentLimited {
        agent: agent.clone(),
        why: why.to_owned(),
        left: until.since(state.now),
    })
}
