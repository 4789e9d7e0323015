//! Attempts that met a rate limit or an outage: how long their plan waits, and which conversation continues.

use super::backoff;
use crate::plan::{AgentName, AttemptId, PlanName};
use crate::schedule::board::core::Board;
use crate::schedule::board::effect::Conversation;
use crate::schedule::board::step::Step;
use crate::schedule::event::at::At;
use crate::schedule::event::exit::Exit;
use crate::schedule::event::fact::Event;
use crate::schedule::event::facts::{Facts, Obstacle, Parked, Spent};
use crate::schedule::state::attempt::{Attempt, AttemptRecord};
use crate::schedule::state::person::stand_in::agent_of;
use crate::schedule::state::plan_run::PlanRun;

/// The first pause when its length is unknown. The pause doubles each time, up to ten minutes.
const FIRST: std::time::Duration = std::time::Duration::from_secs(20);

/// Returns when the first limited agent becomes available again, among the units that wait for nothing but their agent.
pub(in crate::schedule) fn reopening(board: &Board, number: usize) -> Option<At> {
    if board.state.limits.is_empty() {
        return None;
    }
    let look = board.look(number);
    let (units, run) = (&board.work.plans[number].units, &board.state.plans[number]);
    if board.state.plans[number].verify == crate::schedule::state::plan_run::Verify::Failed {
        let first = look.stage(0).first().map(|unit| agent_of(run, unit));
        return first.and_then(|agent| Some(board.state.closed_until(agent)?.0));
    }
    let closed = |unit: usize| Some((unit, board.state.closed_until(agent_of(run, &units[unit]))?.0));
    let free = |(unit, until): (usize, At)| look.waits(unit).is_empty().then_some(until);
    look.open().filter_map(closed).filter_map(free).min()
}

/// Ends an attempt that met a temporary obstacle. Its plan continues in the same conversation once the obstacle is gone.
pub(in crate::schedule) fn park(
    board: &mut Board,
    at: At,
    name: &PlanName,
    attempt: &AttemptId,
    obstacle: &Obstacle,
    step: &mut Step,
) {
    let Some(current) = board.state.plan(name).attempt(attempt) else {
        return;
    };
    let used = (current.agent.clone(), current.account.clone(), current.resets_at);
    let parked = parked(board, at, name, attempt, used, obstacle);
    board.record(at, Event::AttemptParked(parked), step);
}

/// Computes how long the plan waits, and how long the account is not used, after an attempt met an obstacle.
pub(in crate::schedule) fn parked(
    board: &Board,
    at: At,
    name: &PlanName,
    attempt: &AttemptId,
    (agent, account, resets_at): (AgentName, Option<String>, Option<At>),
    obstacle: &Obstacle,
) -> Parked {
    let run = board.state.plan(name);
    let times = run.parked.get(&agent).map_or(0, |parking| parking.times);
    let guess = || backoff::delay(FIRST, times + 1, attempt);
    // The time is counted from this record on.
    let told = resets_at.map(|due| due.since(at));
    let limit = told.unwrap_or_else(guess);
    let own = if board.state.has_another(&agent, account.as_ref()) {
        std::time::Duration::ZERO
    } else {
        let other = board.state.another_at(&agent, account.as_ref());
        other.map_or(limit, |other| limit.min(other.since(at)))
    };
    let ms = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    Parked {
        plan: name.clone(),
        attempt: attempt.clone(),
        agent,
        account,
        kind: obstacle.kind,
        why: obstacle.why.clone(),
        for_ms: ms(own),
        limit_ms: ms(limit),
        told: told.is_some(),
    }
}

/// Returns the conversation that the attempt continues: the last one of the same agent in the same worktree, and of the same
/// unit when units have their own branches. A conversation that ended in an error is not continued.
pub(in crate::schedule) fn conversation(run: &PlanRun, lane: u32, attempt: &Attempt) -> Option<Conversation> {
    let since = run.history.get(run.set_back_after..).unwrap_or_default();
    let mut before = since
        .iter()
        .rev()
        .filter(|record| !record.resolves && record.id != attempt.id);
    let last = before.find(|record| record.lane == lane && record.agent == attempt.agent)?;
    if run.by_units && !attempt.repair && last.units.first() != attempt.units.first() {
        return None;
    }
    // The conversation of a stopped agent continues, whatever its last output.
    let stopped = last.exit == Some(Exit::Stopped);
    let session = last.facts.session.as_ref();
    let session = session.filter(|_| stopped || !is_broken(&last.facts))?;
    let same = |record: &&AttemptRecord| record.facts.session.as_ref() == Some(session);
    let spent = run.history.iter().filter(same).map(|record| record.facts.spent);
    Some(Conversation {
        session: session.clone(),
        account: last.account.clone(),
        spent: spent.fold(Spent::default(), Spent::plus),
    })
}

/// Returns true when the conversation ended in an error that it would meet again.
fn is_broken(facts: &Facts) -> bool {
    facts.obstacle.is_none() && facts.end.as_ref().is_some_and(|end| !end.good)
}
