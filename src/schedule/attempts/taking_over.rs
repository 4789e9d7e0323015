//! Another agent takes over when the current one is limited for too long, cannot start, or has used up its retries.

use crate::plan::{AgentName, PlanName, UnitId};
use crate::schedule::board::core::Board;
use crate::schedule::board::step::Step;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::person::person_fact::{AgentReplaced, PersonFact};
use crate::schedule::event::why::because::Because;
use crate::schedule::state::known::State;
use crate::schedule::state::person::stand_in::{agent_of, next_agents};
use crate::schedule::state::plan_run::{PlanRun, Verify};
use crate::schedule::work::plans::UnitWork;

/// Returns the fact that the plan's next agent takes over the work that starts with this unit, or `None` without a next
/// agent.
pub(in crate::schedule) fn taken_over(
    board: &Board,
    plan: &PlanName,
    unit: Option<UnitId>,
    why: &Because,
) -> Option<Event> {
    let number = board.state.number(plan)?;
    let (work, run) = (&board.work.plans[number], &board.state.plans[number]);
    let unit = work.unit(unit?)?;
    let next = next_agents(work, run, unit).find(|next| closed(&board.state, run, next).is_none())?;
    Some(replaced(plan, run, unit, next, why))
}

/// Returns the fact that the plan's next agent takes over the repair of a verification that stays red, or `None` without a next
/// agent.
pub(in crate::schedule) fn repair_taken_over(board: &Board, plan: &PlanName, why: &Because) -> Option<Event> {
    let number = board.state.number(plan)?;
    let unit = next_unit(board, number)?;
    let why = Because::AgentFailed {
        agent: agent_of(&board.state.plans[number], unit).clone(),
        why: Box::new(why.clone()),
    };
    taken_over(board, plan, Some(unit.id), &why)
}

/// Returns the first unit of the plan's next attempt.
fn next_unit(board: &Board, number: usize) -> Option<&UnitWork> {
    let (look, units) = (board.look(number), &board.work.plans[number].units);
    if board.state.plans[number].verify == Verify::Failed {
        return look.stage(0).first().copied();
    }
    look.open().next().map(|first| &units[first])
}

/// Makes another agent take over from one that is limited for longer than the plan allows.
pub(in crate::schedule) fn take_over_limited(board: &mut Board, at: At, number: usize, step: &mut Step) {
    let (plan, run) = (&board.work.plans[number], &board.state.plans[number]);
    if plan.fallback.agents.is_empty() || !run.is_open() {
        return;
    }
    let Some(unit) = next_unit(board, number) else {
        return;
    };
    let now = agent_of(run, unit);
    let Some((since, until, said)) = closed(&board.state, run, now) else {
        return;
    };
    if until.since(since) <= plan.fallback.after {
        return;
    }
    let why = Because::Limited {
        agent: now.clone(),
        said,
    };
    if let Some(event) = taken_over(board, &plan.name, Some(unit.id), &why) {
        board.record(at, event, step);
    }
}

/// Returns from when until when an agent is unavailable, and why.
fn closed(state: &State, run: &PlanRun, agent: &AgentName) -> Option<(At, At, String)> {
    let parked = run.parking(agent, state.now);
    let parked = parked.map(|parking| (parking.since, parking.until, parking.why.clone()));
    let limited = state.closed_until(agent);
    parked.or_else(|| limited.map(|(until, why)| (state.now, until, why.to_owned())))
}

fn replaced(plan: &PlanName, run: &PlanRun, unit: &UnitWork, by: &AgentName, why: &Because) -> Event {
    Event::Person(PersonFact::Replaced(AgentReplaced {
        plan: plan.clone(),
        own: unit.agent.clone(),
        from: agent_of(run, unit).clone(),
        by: by.clone(),
        why: why.clone(),
    }))
}
