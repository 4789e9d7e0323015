//! Waits that take too long. Each wait is reported once, after the time that `[escalate]` sets.

use super::reason::{CapacityReason, Reason, TokensTaken};
use super::reasons::explain_unit;
use super::standstill::Standstill;
use super::standstill::standstills;
use crate::plan::Waiting;
use crate::schedule::board::core::Board;
use crate::schedule::board::step::Step;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::notice::Escalation;
use crate::schedule::state::plan_run::PlanRun;

/// Reports the plan's waits that have taken too long. Returns when the next wait will have taken too long.
pub(in crate::schedule) fn escalate(board: &mut Board, at: At, number: usize, step: &mut Step) -> Option<At> {
    let mut next = report_overdue(board, at, number, step);
    let allowed = board.work.escalate;
    if allowed.is_silent() {
        return next;
    }
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

/// Reports each resource that others have held for longer than its `patience` while work of the plan that is ready waits for it,
/// also where other work of the plan goes on. Returns when the next of these times will be reached.
fn report_overdue(board: &mut Board, at: At, number: usize, step: &mut Step) -> Option<At> {
    if board.work.patience.is_empty() || board.state.plans[number].outcome.is_some() {
        return None;
    }
    let mut next: Option<At> = None;
    for taken in taken_from(board, number) {
        let Some((patience, held)) = taken.patience.zip(taken.longest_held()) else {
            continue;
        };
        if held < patience {
            let due = at + (patience - held);
            next = Some(next.map_or(due, |next| next.min(due)));
            continue;
        }
        let still = Standstill {
            waiting: Waiting::Resource,
            on: taken.resource.to_string(),
            since: At(at
                .0
                .saturating_sub(u64::try_from(held.as_millis()).unwrap_or(u64::MAX))),
        };
        report_wait(board, at, number, still, step);
    }
    next
}

/// The resources that ready work of a plan has no token of.
fn taken_from(board: &Board, number: usize) -> Vec<TokensTaken> {
    let plan = &board.work.plans[number];
    let ready = board.look(number).ready(board.state.now);
    let reasons = ready
        .into_iter()
        .filter(|place| !plan.units[*place].uses.is_empty())
        .flat_map(|place| explain_unit(&board.work, &board.state, &plan.name, plan.units[place].id));
    let mut found: Vec<TokensTaken> = Vec::new();
    for reason in reasons {
        if let Reason::Capacity(CapacityReason::Resource(taken)) = reason
            && !found.contains(&taken)
        {
            found.push(taken);
        }
    }
    found
}

/// Reports every wait before a supervisor ends because a person is needed. Nobody could report the waits later.
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
            // The trouble of a dependency is reported for the plan that has it, and not again for each plan that waits.
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
