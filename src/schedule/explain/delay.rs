//! Which time a plan or a part of it waits for, in words.

use super::reason::Reason;
use crate::plan::UnitId;
use crate::schedule::event::at::At;
use crate::schedule::event::notice::rough;
use crate::schedule::ready::readiness::Readiness;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::PlanWork;

/// The time that the unit waits for, or the first unit of the plan that waits for one.
pub(in crate::schedule) fn delay(
    plan: &PlanWork,
    run: &PlanRun,
    state: &State,
    unit: Option<UnitId>,
) -> Option<Reason> {
    let parking = match unit {
        Some(unit) => run.parking(&plan.unit(unit)?.agent, state.now),
        None => {
            let live = run.parked.values().filter(|parking| parking.until > state.now);
            live.min_by_key(|parking| parking.until)
        }
    };
    if let Some(parking) = parking {
        let left = time_until(state, parking.until);
        let times = match parking.times {
            0 | 1 => String::new(),
            times => format!(" ({times} times in a row by now)"),
        };
        return Some(Reason::with_remedy(
            format!(
                "{}: {}; it continues in {left}{times}",
                parking.kind.word(),
                clause(&parking.why)
            ),
            format!("orch retry {} continues at once", plan.name),
        ));
    }
    let (due, of) = match unit {
        Some(unit) => (run.tries_of(Some(unit), false).retry_at?, Some(unit)),
        None => run.next_retry(state.now)?,
    };
    if due <= state.now {
        return None;
    }
    let tries = run.tries_of(of, of.is_none());
    let seconds = due.since(state.now).as_secs_f64().ceil();
    let failure = tries.last_failure.as_deref().unwrap_or("an attempt failed");
    Some(Reason::new(format!(
        "attempt {} starts in {seconds:.0} s: {failure}",
        tries.attempts + 1
    )))
}

/// The agent that the next of the plan's units needs is limited, and nothing else is in the way.
pub(in crate::schedule) fn closed_agent(
    plan: &PlanWork,
    look: &Readiness<'_>,
    state: &State,
) -> Option<Reason> {
    let unit = look.open().next()?;
    let agent = &plan.units[unit].agent;
    let (until, why) = state.closed_until(agent)?;
    look.waits(unit).is_empty().then(|| {
        let left = time_until(state, until);
        Reason::new(format!(
            "agent {agent} is rate limited: {}; it is used again in {left}",
            clause(why)
        ))
    })
}

/// A program's words, as the first part of a sentence.
pub fn clause(said: &str) -> &str {
    said.trim_end().trim_end_matches(['.', ';', ','])
}

fn time_until(state: &State, due: At) -> String {
    let left = due.since(state.now).as_millis();
    rough(u64::try_from(left).unwrap_or(u64::MAX).max(1_000))
}
