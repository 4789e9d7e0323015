//! Ticked boxes in a plan's document. Boxes ticked when the plan starts say what is already done. A box ticked later is a
//! person's report, and like any report it cannot pass a gate or a verification.

use std::collections::{BTreeMap, BTreeSet};

use super::reporting::{Heard, take_report};
use crate::plan::{ItemId, PlanName, Speaker, Statement, TaskState, UnitId};
use crate::schedule::board::core::Board;
use crate::schedule::board::step::Step;
use crate::schedule::event::about::TicksOf;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;

/// Returns, by plan, the boxes that were ticked since the documents were last read. For plans that have not started, returns
/// all ticked boxes.
pub(in crate::schedule) fn new_ticks(board: &Board) -> BTreeMap<PlanName, BTreeSet<ItemId>> {
    let plans = board.work.plans.iter().zip(&board.state.plans);
    let open = plans.filter(|(_, run)| run.landed.is_empty());
    let new = open.map(|(plan, run)| {
        let known = run.ticks.as_ref().map(|known| &known.items);
        let new = plan.ticks().items.into_iter();
        let new = new.filter(|item| !known.is_some_and(|known| known.contains(item)));
        (plan.name.clone(), new.collect())
    });
    new.filter(|(_, new): &(_, BTreeSet<ItemId>)| !new.is_empty())
        .collect()
}

/// Records the boxes that were ticked in documents of started plans since these were last read. Call this once the plans of
/// a run are known. `brought` are boxes that a landing ticked: no person ticked these.
pub(in crate::schedule) fn note_ticks(
    board: &mut Board,
    at: At,
    brought: &BTreeMap<PlanName, BTreeSet<ItemId>>,
) -> Vec<Event> {
    let mut step = Step::default();
    for number in 0..board.work.plans.len() {
        let (plan, run) = (&board.work.plans[number], &board.state.plans[number]);
        let brought = brought.get(&plan.name);
        if !run.landed.is_empty() || (run.history.is_empty() && run.ticks.is_none() && brought.is_none()) {
            continue;
        }
        let (name, mut now) = (plan.name.clone(), plan.ticks());
        if run.history.is_empty() {
            // A box ticked before the plan starts makes its work done, so boxes from a landing are excluded.
            let is_brought = |item: &ItemId| brought.is_some_and(|brought| brought.contains(item));
            now.items.retain(|item| !is_brought(item));
            let items = |unit: &UnitId| plan.unit_tasks(*unit).into_iter().map(ItemId::from);
            now.units
                .retain(|unit| !items(unit).any(|item| is_brought(&item)));
        }
        if run.ticks.as_ref().is_some_and(|known| known.items == now.items) {
            continue;
        }
        // An older journal does not say which boxes were ticked at the start.
        let known = run.ticks.as_ref().map_or(&now.items, |known| &known.items);
        let new = now.items.difference(known).cloned();
        let new = new.filter(|item| !brought.is_some_and(|brought| brought.contains(item)));
        let said: Vec<Statement> = new
            .filter(|_| !run.history.is_empty())
            .map(|item| Statement {
                by: Some(Speaker::Person),
                ..Statement::bare(item, TaskState::Done)
            })
            .collect();
        let head = run.made.clone();
        take_report(board, at, &name, Heard { lane: 0, head, said }, &mut step);
        let ticked = Event::Ticked(TicksOf {
            plan: name,
            ticks: now,
        });
        board.record(at, ticked, &mut step);
    }
    step.events
}
