//! Waits that take too long: each is reported once, as `[escalate]` says.

use super::standstill::Standstill;
use super::standstill::standstills;
use crate::plan::Waiting;
use crate::schedule::board::core::Board;
use crate::schedule::board::step::Step;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::notice::Escalation;
use crate::schedule::state::plan_run::PlanRun;

/// Tells of waits of the plan that have taken too long, and returns when the next one will have.
pub(in crate::schedule) fn escalate(board: &mut Board, at: At, number: usize, step: &mut Step) -> Option<At> {
    let allowed = board.work.escalate;
    if allowed.is_silent() {
        return None;
    }
    let mut next: Option<At> = None;
    for still in standstills_of(board, number) {
        let Some(after) = allowed.after(still.waiting) else {
            continue;
        };
        let due = still.since + after;
        if due <= at {
            report_wait(board, at, number, still, step);
        } else if !was_told(&board.state.plans[number], &still) {
            next = Some(next.map_or(due, |next| next.min(due)));
        }
    }
    next
}

/// Before a supervisor ends because a person is needed: it will not be there to tell of it later.
pub(in crate::schedule) fn escalate_what_needs_a_person(board: &mut Board, at: At, step: &mut Step) {
    let allowed = board.work.escalate;
    if allowed.is_silent() {
        return;
    }
    for number in 0..board.work.plans.len() {
        if !board.state.drives(&board.work.plans[number].name) {
            continue;
        }
        for still in standstills_of(board, number) {
            // A plan that waits for another plan waits for the other plan's trouble, which is reported itself.
            if still.waiting != Waiting::Dependency && allowed.after(still.waiting).is_some() {
                report_wait(board, at, number, still, step);
            }
        }
    }
}

fn standstills_of(board: &Board, number: usize) -> Vec<Standstill> {
    standstills(&board.work, &board.state, number, &|| board.look(number))
}

fn report_wait(board: &mut Board, at: At, number: usize, still: Standstill, step: &mut Step) {
    if was_told(&board.state.plans[number], &still) {
        return;
    }
    let plan = board.work.plans[number].name.clone();
    let waited = at.since(still.since);
    let told = Event::Escalated(Escalation {
        plan,
        waiting: still.waiting,
        on: still.on,
        waited_ms: u64::try_from(waited.as_millis()).unwrap_or(u64::MAX),
        why: String::new(),
    });
    board.record(at, told, step);
}

pub(in crate::schedule) fn was_told(run: &PlanRun, still: &Standstill) -> bool {
    run.escalated.contains_key(&(still.waiting, still.on.clone()))
}
