//! Work added to a plan or phase that was already done, because a document was edited between two runs.

use std::collections::BTreeSet;

use crate::plan::{Document, ItemId, PlanName, TaskId, UnitId, is_same_title};
use crate::schedule::board::core::Board;
use crate::schedule::event::about::UnitOf;
use crate::schedule::event::fact::Event;
use crate::schedule::state::plan_run::{Outcome, PlanRun, Verify};
use crate::schedule::work::plans::{PhaseWork, PlanWork};

/// Returns the events that reopen done plans, phases and units after tasks or VERIFY blocks were added to them. Call this
/// once the plans of a run are known. The events are findings, not decisions.
///
/// `before` returns the document of a plan as the last run read it. It is needed because the parts of a task may never have
/// been reported.
pub(in crate::schedule) fn added<'a>(
    board: &Board,
    before: &dyn Fn(&PlanName) -> Option<&'a Document>,
) -> Vec<Event> {
    let plans = board.work.plans.iter().zip(&board.state.plans);
    let added = plans.flat_map(|(plan, run)| {
        let of = |unit| event(&plan.name, unit);
        added_to(plan, run, before(&plan.name)).into_iter().map(of)
    });
    added.collect()
}

fn event(plan: &PlanName, unit: UnitId) -> Event {
    Event::WorkAdded(UnitOf {
        plan: plan.clone(),
        unit,
    })
}

/// Returns the units that nobody has ever reported on, although the plan or phase they belong to is done.
fn added_to(plan: &PlanWork, run: &PlanRun, before: Option<&Document>) -> Vec<UnitId> {
    // Work added after the landing belongs to a new plan.
    if !run.landed.is_empty() {
        return Vec::new();
    }
    let finished = run.outcome == Some(Outcome::Finished);
    let grown: BTreeSet<TaskId> = before
        .map(|before| grown(before, &plan.document))
        .unwrap_or_default();
    // A changed prompt is different work, even if its first line is the same.
    let another = |before: &Document| before.text.trim() != plan.document.text.trim();
    let reworded = plan.prompt && before.is_some_and(another);
    let is_new = |phase: &PhaseWork, task: TaskId| {
        let background = task.is_verify() && phase.background_verify == Some(true);
        let done = finished
            || run.proven.iter().any(|unit| unit.covers(task))
            || (!background && run.phases_done.contains_key(&phase.id));
        let known = run.items.get(&task.into());
        let changed = known
            .and_then(|known| known.title.as_deref())
            .is_some_and(|before| {
                let now = plan.document.title_of(&task.into());
                (task.is_verify() || plan.prompt) && !now.is_some_and(|now| is_same_title(before, &now))
            });
        let left_out = run.proven.contains(&UnitId::Task(task));
        let changed = changed || reworded || grown.contains(&task);
        done && (changed || (known.is_none() && !left_out))
            && !run.ticked.iter().any(|unit| unit.covers(task))
    };
    let items = plan.phases.iter().flat_map(|phase| {
        let new = phase.items().filter(move |task| is_new(phase, *task));
        new.map(UnitId::Task)
    });
    let empty = plan.phases.iter().filter(|phase| phase.items().next().is_none());
    let empty = empty.map(|phase| UnitId::Phase(phase.id));
    let empty = empty.filter(|unit| finished && !run.proven.contains(unit) && !run.ticked.contains(unit));
    // The plan has a verification that it did not have when it was finished.
    let unverified = finished && plan.verify && !matches!(run.verify, Verify::Passed(_));
    let first = plan.phases.first().filter(|_| unverified);
    let verify = first.map(|phase| UnitId::Phase(phase.id));
    items.chain(empty).chain(verify).collect()
}

/// Returns tasks and VERIFY blocks with open parts that they did not have before, or not with the same title.
fn grown(before: &Document, now: &Document) -> BTreeSet<TaskId> {
    let (had, open) = (before.pieces(), |piece: &ItemId| {
        now.items().any(|item| item == (piece.clone(), false))
    });
    let known: BTreeSet<ItemId> = before.items().map(|(item, _)| item).collect();
    let pieces = now
        .pieces()
        .into_iter()
        .filter(|(whole, _)| known.contains(&(*whole).into()));
    let grown = pieces.filter(|(whole, pieces)| {
        let had = had.get(whole).map(Vec::as_slice).unwrap_or_default();
        let same = |piece: &ItemId| match (before.title_of(piece), now.title_of(piece)) {
            (Some(before), Some(now)) => is_same_title(&before, &now),
            (before, now) => before == now,
        };
        let new = |piece: &&ItemId| !had.contains(piece) || !same(piece);
        pieces.iter().filter(new).any(open)
    });
    grown.map(|(whole, _)| whole).collect()
}
