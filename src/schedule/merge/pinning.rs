//! Which commits of plans to keep: those that other plans start from, and those up to which a plan can land.

use crate::plan::{Point, WorkRef};
use crate::schedule::attempts::starting::first_behind;
use crate::schedule::board::ask::Ask;
use crate::schedule::board::core::Board;
use crate::schedule::board::effect::Effect;
use crate::schedule::board::step::Step;
use crate::schedule::ready::dispatch::handed_on;

/// Pins every point of the plan that another plan waits for, as soon as the point is reached.
pub(in crate::schedule) fn pin_what_is_waited_for(board: &mut Board, plan: usize, step: &mut Step) {
    let run = &board.state.plans[plan];
    if run.worktree().is_none() || run.has_less_to_show() {
        return;
    }
    let due: Vec<WorkRef> = board.waited[plan]
        .iter()
        .filter(|work| {
            run.has_reached(work.point)
                && !run.pins.contains_key(&work.point)
                && !run.pins_refused.contains_key(&work.point)
        })
        .cloned()
        .collect();
    for work in due {
        if let Some(key) = first_behind(board, &work) {
            board.frontier.pinning.insert((plan, work.point), key);
        }
        ask_pin(board, work, true, step);
    }
    pin_ends(board, plan, step);
}

/// Pins the commits that end phases no other plan waits for. The plan can land up to these commits.
fn pin_ends(board: &mut Board, plan: usize, step: &mut Step) {
    let (work, run) = (&board.work.plans[plan], &board.state.plans[plan]);
    let done = run.phases_done.len();
    if !run.is_open() || done == work.phases.len() || done <= run.ends.len() {
        return;
    }
    let due = run.phases_done.keys().map(|phase| Point::Phase(*phase));
    let due = due.filter(|point| !run.pins.contains_key(point) && !run.pins_refused.contains_key(point));
    let due: Vec<Point> = due.collect();
    for point in due {
        let plan = board.work.plans[plan].name.clone();
        ask_pin(board, WorkRef { plan, point }, false, step);
    }
}

fn ask_pin(board: &mut Board, WorkRef { plan, point }: WorkRef, wanted: bool, step: &mut Step) {
    let ask = Ask::Pin(plan.clone(), point);
    let run = board.state.plan(&plan);
    let done = run.phases_done.keys().copied();
    let phase = match point {
        Point::Phase(phase) => Some(phase),
        Point::Plan | Point::Task(_) => None,
    };
    let (verified, holds) = match phase.and_then(|phase| run.verified_end(phase)) {
        Some((commit, holds)) => (Some(commit), holds),
        None => (None, done.filter(|_| point.phase().is_some()).collect()),
    };
    let number = board.state.number(&plan);
    let handed_on = number.map(|number| handed_on(&board.work.plans[number], &board.state));
    let effect = Effect::Pin {
        holds,
        handed_on: handed_on.unwrap_or_default(),
        plan,
        point,
        wanted,
        verified,
    };
    board.ask(ask, effect, step);
}
