//! Running agents that resolve conflicts: stopped when a person asks or the budget is used up, watched for stalls, and
//! restarted after a temporary obstacle.

use crate::plan::{PlanName, Point};
use crate::schedule::attempts::budget::is_beyond_budget;
use crate::schedule::attempts::parking::parked;
use crate::schedule::attempts::stall::pause;
use crate::schedule::board::ask::Ask;
use crate::schedule::board::core::Board;
use crate::schedule::board::effect::Effect;
use crate::schedule::board::step::Step;
use crate::schedule::event::at::At;
use crate::schedule::event::exit::Exit;
use crate::schedule::event::fact::Event;
use crate::schedule::event::facts::Obstacle;
use crate::schedule::event::resolving::{ResolverFailed, Resolving};
use crate::schedule::event::why::because::Because;
use crate::schedule::state::known::RunPhase;

/// Stops agents that resolve conflicts because a person asked to stop the run.
pub(in crate::schedule) fn stop_resolvers(board: &mut Board, step: &mut Step) {
    let RunPhase::Stopping { now } = board.state.phase else {
        return;
    };
    for number in board.state.resolving.clone() {
        stop_resolver(board, number, now, step);
    }
}

/// Stops agents that a person has paused or cancelled, that stalled, or whose budget is used up.
pub(in crate::schedule) fn stop_unwanted_resolvers(board: &mut Board, step: &mut Step) {
    for number in board.state.resolving.clone() {
        let run = &board.state.plans[number];
        let paused = run.paused.get(&Point::Plan) == Some(&true);
        let cancelled = run.cancelling.contains(&Point::Plan);
        let agent = run.resolution.agent.as_ref();
        let own = agent.is_some_and(|agent| agent.cancelled || agent.is_given_up());
        if paused || cancelled || own || is_beyond_budget(board, number) {
            stop_resolver(board, number, false, step);
        }
    }
}

fn stop_resolver(board: &mut Board, number: usize, now: bool, step: &mut Step) {
    let agent = board.state.plans[number].resolution.agent.as_ref();
    let Some(attempt) = agent.map(|agent| agent.attempt.clone()) else {
        return;
    };
    // Otherwise the agent has not been requested yet.
    if board.asked.contains(&Ask::Resolve(attempt.clone())) {
        let stop = Effect::Stop {
            attempt: attempt.clone(),
            now,
        };
        board.ask(Ask::Stop(attempt, now), stop, step);
    }
}

/// Asks for the examinations that are due, and notes when the next one is.
pub(in crate::schedule) fn watch_resolvers(board: &mut Board, at: At, step: &mut Step) {
    board.frontier.next_look = None;
    for number in board.state.resolving.clone() {
        let (plan, run) = (&board.work.plans[number], &board.state.plans[number]);
        let (Some(stall_after), Some(agent)) = (plan.attempts.stuck_after, &run.resolution.agent) else {
            continue;
        };
        if agent.is_given_up() || agent.cancelled {
            continue;
        }
        let seen = board.looked.get(&agent.attempt).copied().unwrap_or(agent.since);
        let due = seen + pause(stall_after);
        if due > at {
            let next = board.frontier.next_look.map_or(due, |next| next.min(due));
            board.frontier.next_look = Some(next);
            continue;
        }
        let (plan, attempt) = (plan.name.clone(), agent.attempt.clone());
        let look = Effect::Look {
            plan,
            lane: 0,
            attempt: attempt.clone(),
            stall_after,
        };
        board.ask(Ask::Look(attempt), look, step);
    }
}

/// Returns the event for the end of a resolver, with a better reason if the scheduler knows why it ended.
pub(in crate::schedule) fn with_its_reason(board: &Board, event: Event) -> Event {
    let Event::Resolve(Resolving::Failed(failed)) = event else {
        return event;
    };
    let agent = board.state.plan(&failed.plan).resolution.agent.as_ref();
    let stall = agent
        .filter(|agent| agent.is_given_up())
        .and_then(|agent| agent.stall.as_ref());
    let why = match stall {
        Some(stall) if failed.exit == Exit::Stopped => stall.why(),
        None if failed.exit == Exit::Stopped && is_out_of_money(board, &failed.plan) => Because::OutOfBudget,
        _ => match obstacle_of(board, &failed) {
            Some(obstacle) => Because::of_obstacle(obstacle.kind, &obstacle.why),
            None => failed.why.clone(),
        },
    };
    Event::Resolve(Resolving::Failed(ResolverFailed { why, ..failed }))
}

fn is_out_of_money(board: &Board, plan: &PlanName) -> bool {
    board
        .state
        .number(plan)
        .is_some_and(|number| is_beyond_budget(board, number))
}

/// Returns the obstacle that stopped the agent through no fault of its own. Returns `None` when it was asked to stop.
/// Programs that would wait for long are stopped by their runner.
fn obstacle_of<'a>(board: &'a Board, failed: &ResolverFailed) -> Option<&'a Obstacle> {
    let asked = |now| board.asked.contains(&Ask::Stop(failed.attempt.clone(), now));
    let record = board.state.plan(&failed.plan).history_of(&failed.attempt)?;
    record
        .facts
        .obstacle
        .as_ref()
        .filter(|_| !asked(false) && !asked(true))
}

/// Returns how long the plan waits after its resolver met a temporary obstacle. Call this before recording the agent's end.
pub(in crate::schedule) fn parked_resolver(board: &Board, at: At, event: &Event) -> Option<Event> {
    let Event::Resolve(Resolving::Failed(failed)) = event else {
        return None;
    };
    let agent = board.state.plan(&failed.plan).resolution.agent.as_ref()?;
    let obstacle = obstacle_of(board, failed).filter(|obstacle| obstacle.kind.passes())?;
    let used = (agent.agent.clone(), agent.account.clone(), agent.resets_at);
    let parked = parked(board, at, &failed.plan, &failed.attempt, used, obstacle);
    Some(Event::AttemptParked(parked))
}

/// Returns when an agent that is needed for a conflict can start.
pub(in crate::schedule) fn resolver_reopens(board: &Board) -> Option<At> {
    board.frontier.reopens
}
