//! A person takes the place of a plan's agent with `orch attach`.

use super::refusal::SteerRefusal;
use super::steering::exists;
use crate::plan::{PlanName, Point, WorkRef};
use crate::schedule::event::about::Steered;
use crate::schedule::event::fact::Event;
use crate::schedule::event::person::person_fact::{AttachBegan, AttachEnded, PersonFact};
use crate::schedule::explain::states::plan_state;
use crate::schedule::state::attempt::AttemptRecord;
use crate::schedule::state::known::State;
use crate::schedule::state::lost::Lost;
use crate::schedule::state::plan_change::lies_in;
use crate::schedule::state::plan_run::{Outcome, PlanRun};
use crate::schedule::work::plans::Work;

/// The events of a person who takes over. Empty when the person is attached already. Held and failed work is reopened for the
/// person.
///
/// # Errors
///
/// When there is no such plan or worktree, or nobody works on the plan again.
pub fn attach(work: &Work, state: &State, began: &AttachBegan) -> Result<Vec<Event>, SteerRefusal> {
    let plan = &began.plan;
    let run = state.plan(plan);
    refuse_closed(work, state, plan)?;
    if !run.worktrees.contains_key(&began.lane) {
        return Err(no_worktree(&WorkRef::whole(plan)));
    }
    let mut events = Vec::new();
    match &run.hands.attached {
        Some(there) if there.pid == began.pid => return Ok(events),
        // The person who asks holds the plan's lock, so the previous person is gone.
        Some(gone) => events.push(Event::Person(PersonFact::AttachEnded(AttachEnded {
            plan: plan.clone(),
            pid: gone.pid,
        }))),
        None => {}
    }
    events.push(Event::Person(PersonFact::AttachBegan(began.clone())));
    let held = matches!(run.outcome, Some(Outcome::Held(_) | Outcome::Failed(_)));
    let lost = |lost: &Lost| matches!(lost, Lost::Held { .. } | Lost::Failed { .. });
    if held || run.lost.values().any(lost) {
        let (plan, point) = (plan.clone(), Point::Plan);
        events.push(Event::RetryRequested(Steered { plan, point }));
    }
    Ok(events)
}

/// The last attempt at this work whose worktree nobody else has used since.
///
/// # Errors
///
/// When nobody has worked on it, or another attempt has used the worktree since.
pub fn attempt_to_attach<'a>(
    work: &Work,
    state: &'a State,
    what: &WorkRef,
) -> Result<&'a AttemptRecord, SteerRefusal> {
    refuse_closed(work, state, &what.plan)?;
    let mut plans = work.plans.iter();
    if !plans.any(|plan| plan.name == what.plan && exists(plan, what.point)) {
        return Err(SteerRefusal::NoSuchWork(what.clone()));
    }
    let run = state.plan(&what.plan);
    let concerns = |record: &&AttemptRecord| {
        let mut units = record.units.iter().map(|unit| unit.point());
        units.any(|unit| lies_in(unit, what.point) || lies_in(what.point, unit))
    };
    let at_work = run.attempts.values().map(|attempt| &attempt.id);
    let at_work: Vec<_> = at_work.collect();
    let mut found: Vec<&AttemptRecord> = run.work_attempts().filter(concerns).collect();
    found.sort_by_key(|record| at_work.contains(&&record.id));
    let by_agents = |record: &&AttemptRecord| record.facts.session.is_some();
    let found = found
        .iter()
        .rev()
        .copied()
        .find(by_agents)
        .or(found.last().copied());
    let Some(found) = found else {
        return Err(no_worktree(what));
    };
    let last = run.work_attempts().rfind(|record| record.lane == found.lane);
    match last.filter(|last| run.by_units && last.units != found.units) {
        None => Ok(found),
        Some(last) => Err(SteerRefusal::WorktreeReused {
            of: found.id.clone(),
            by: last.id.clone(),
            work: last_work(run, last, &what.plan),
        }),
    }
}

/// The first unit that an attempt was given.
fn last_work(run: &PlanRun, record: &AttemptRecord, plan: &PlanName) -> WorkRef {
    let first = record.units.first().filter(|_| run.by_units);
    WorkRef::at(plan, first.map_or(Point::Plan, |unit| unit.point()))
}

fn refuse_closed(work: &Work, state: &State, plan: &PlanName) -> Result<(), SteerRefusal> {
    if state.number(plan).is_none() {
        return Err(SteerRefusal::NoSuchPlan(plan.clone()));
    }
    let run = state.plan(plan);
    let given_up = matches!(run.outcome, Some(Outcome::Cancelled | Outcome::Skipped(_)));
    if !given_up && !state.is_landed(plan) {
        return Ok(());
    }
    Err(SteerRefusal::NothingToAttach {
        plan: plan.clone(),
        state: plan_state(work, state, plan),
        given_up,
    })
}

fn no_worktree(what: &WorkRef) -> SteerRefusal {
    SteerRefusal::NoWorktree(what.clone())
}
