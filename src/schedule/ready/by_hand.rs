//! Work that a person has reported done and that is not judged yet.

use crate::plan::{ItemId, UnitId};
use crate::schedule::event::exit::Exit;
use crate::schedule::state::plan_run::{Item, PlanRun};
use crate::schedule::work::plans::PlanWork;

/// Returns true when a person has finished the unit while no agent worked on it. It is judged as soon as the plan's worktree is
/// free, and no agent does it again before that.
pub(in crate::schedule) fn is_finished_by_hand(plan: &PlanWork, run: &PlanRun, unit: UnitId) -> bool {
    run.people_spoke && has_work_by_hand(plan, run, unit) && is_all_said(plan, run, unit)
}

/// Returns true when all items of the unit were reported.
pub(in crate::schedule) fn is_all_said(plan: &PlanWork, run: &PlanRun, unit: UnitId) -> bool {
    let mut tasks = plan.unit_tasks(unit).into_iter().peekable();
    tasks.peek().is_some() && tasks.all(|task| run.is_item_settled(&task.into()))
}

/// Returns true when a person reported on the unit after the end of the last attempt at it. If the journal was lost, no earlier
/// report has been judged, so reports of agents count too.
pub(in crate::schedule) fn has_work_by_hand(plan: &PlanWork, run: &PlanRun, unit: UnitId) -> bool {
    plan.unit_tasks(unit).into_iter().map(ItemId::from).any(|item| {
        run.items.get(&item).is_some_and(|known| {
            (known.by.is_none() || run.rebuilt)
                && !known.assumed
                && run.heard.contains_key(&item)
                && !was_judged(run, unit, known)
        })
    })
}

/// Returns true when an attempt at the unit ended after the report. Attempts at other units judge nothing of this one.
fn was_judged(run: &PlanRun, unit: UnitId, report: &Item) -> bool {
    let attempts = run.history.iter().enumerate();
    let mut judges = attempts.filter(|(_, record)| !record.resolves && record.units.contains(&unit));
    judges.any(|(number, record)| {
        // A person's work is judged at the moment of the report, by an attempt that is made for it.
        let by_hand = record.exit == Some(Exit::ByHand);
        record.ended.is_some_and(|ended| match by_hand {
            true => number >= report.attempts,
            false => report.since < ended,
        })
    })
}
