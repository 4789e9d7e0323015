//! Phases whose work is all settled, and tasks that are not needed.

use crate::plan::{Dispatch, PhaseId, UnitId};
use crate::schedule::board::core::Board;
use crate::schedule::board::step::Step;
use crate::schedule::event::about::UnitOf;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::judge::phase_check::{checked_by_nobody, hold_red};
use crate::schedule::judge::reported::reported_phases;

/// Records tasks that are not needed, when agents get one task at a time.
pub(in crate::schedule) fn leave_out(board: &mut Board, at: At, index: usize, step: &mut Step) {
    let plan = &board.work.plans[index];
    let run = &board.state.plans[index];
    let skips = board.frontier.standing[index]
        .as_ref()
        .is_none_or(|standing| standing.skips);
    if plan.dispatch != Dispatch::Task || !skips {
        return;
    }
    let open = plan.units.iter().map(|unit| unit.id);
    let given_up = open.filter(|unit| match unit {
        UnitId::Task(task) => !run.is_unit_settled(*unit) && run.is_given_up_on(*task),
        UnitId::Phase(_) => false,
    });
    let given_up: Vec<UnitId> = given_up.collect();
    let name = plan.name.clone();
    for unit in given_up {
        let plan = name.clone();
        board.record(at, Event::WorkLeftOut(UnitOf { plan, unit }), step);
    }
}

/// Records phases whose work is all settled, in order.
pub(in crate::schedule) fn close_phases(board: &mut Board, at: At, index: usize, step: &mut Step) {
    let plan = &board.work.plans[index];
    let run = &board.state.plans[index];
    if run.phases_done.len() == plan.phases.len() {
        return;
    }
    let done = if run.by_units {
        let mut closable = std::mem::take(&mut board.standing(index).closable);
        closable.sort_unstable();
        let (plan, run) = (&board.work.plans[index], &board.state.plans[index]);
        let phases = closable.into_iter().map(|place| plan.phases[place].id);
        phases
            .filter(|phase| !run.phases_done.contains_key(phase))
            .collect()
    } else {
        reported_phases(plan, run)
    };
    let (waited, plain): (Vec<PhaseId>, Vec<PhaseId>) = done
        .into_iter()
        .partition(|phase| board.work.plans[index].is_verified(&board.state.plans[index], *phase));
    // Skip phases in which earlier work was opened again: their commit will change.
    let stands = waited.iter().filter(|phase| !waits(board, index, **phase));
    let stands: Vec<PhaseId> = stands.copied().collect();
    let (passed, red) = checked_by_nobody(board, at, index, &stands, step);
    let (plan, run) = (&board.work.plans[index], &board.state.plans[index]);
    if run.by_units {
        let open = waited.iter().filter(|phase| !passed.contains(phase));
        let places = open.filter_map(|open| plan.phases.iter().position(|phase| phase.id == *open));
        let places: Vec<usize> = places.collect();
        board.standing(index).closable.extend(places);
    }
    let done = plain.into_iter().chain(passed);
    let plan = &board.work.plans[index];
    let (name, by_units) = (plan.name.clone(), plan.by_units());
    for phase in done {
        let event = Event::PhaseDone {
            plan: name.clone(),
            phase,
            proven: by_units,
        };
        board.record(at, event, step);
    }
    if let Some(why) = red {
        hold_red(board, at, index, why, step);
    }
}

/// Returns true when something the phase builds on is open, although all of the phase's own work is done.
fn waits(board: &mut Board, index: usize, phase: PhaseId) -> bool {
    let by_units = board.state.plans[index].by_units;
    let units = board.work.plans[index].units.iter().enumerate();
    let own = units.filter(|(_, unit)| unit.id.phase() == phase);
    let own: Vec<usize> = own.map(|(place, _)| place).collect();
    by_units && own.into_iter().any(|place| board.standing(index).waits(place))
}
