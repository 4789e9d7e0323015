//! How much runs at once: less while the machine is short of memory, or while parallel work gains too little.

use crate::schedule::board::core::Board;
use crate::schedule::board::step::Step;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::ready::lanes::lanes;
use crate::schedule::work::machine::Machine;

/// Applies the machine's current load. Plans are examined again only if their number of lanes changes.
pub(in crate::schedule) fn look_at_machine(board: &mut Board, machine: Machine) {
    let count = |board: &Board| -> Vec<usize> {
        let plans = 0..board.work.plans.len();
        plans
            .map(|number| lanes(&board.work, &board.state, number).lanes)
            .collect()
    };
    let before = count(board);
    board.work.machine = machine;
    for (number, (before, after)) in before.into_iter().zip(count(board)).enumerate() {
        if before != after {
            board.frontier.dirty.insert(number);
        }
    }
}

/// Narrows the run, or widens it again, when that is due, or when a person no longer wants it narrow.
pub(in crate::schedule) fn change_width(board: &mut Board, at: At, step: &mut Step) {
    let width = &board.state.width;
    let due = match board.work.narrows {
        true => width.due().cloned(),
        false => width.switched_off(),
    };
    if let Some(change) = due {
        board.record(at, Event::RunWidth(change), step);
    }
}
