//! Whether work on an item may begin, whatever an agent reports.
//!
//! A gate that nobody has approved, a dependency on another plan, and another attempt at the same work keep an agent out of an
//! item, whatever the agent reports. Within its own units, an agent may work in any order.

use std::collections::BTreeMap;

use crate::plan::{Dependency, Dispatch, ItemId, Point, TaskId, UnitId, WorkRef};

use super::{file_turns, freeze};
use crate::schedule::event::why::closed_work::ClosedBecause;
use crate::schedule::state::attempt::Attempt;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::{PlanWork, UnitWork};

/// Why the attempt may not begin the item, `None` when it may. Without an attempt, a person wants to begin the item.
pub fn refusal(
    plan: &PlanWork,
    run: &PlanRun,
    state: &State,
    attempt: Option<&Attempt>,
    item: &ItemId,
) -> Option<ClosedBecause> {
    unit_refusal(plan, run, state, attempt, unit_of(plan, item)?)
}

/// Why work on the item cannot begin again: the item is done, and is not part of the attempt. Only a report of failure reopens
/// the item.
pub fn over(
    plan: &PlanWork,
    run: &PlanRun,
    attempt: Option<&Attempt>,
    item: &ItemId,
) -> Option<ClosedBecause> {
    let unit = unit_of(plan, item)?.id;
    let given = attempt.is_some_and(|attempt| attempt.units.contains(&unit));
    (!given && run.is_unit_done(unit)).then(|| ClosedBecause::Done(item.clone()))
}

/// The unit that the item is, or is a part of.
fn unit_of<'a>(plan: &'a PlanWork, item: &ItemId) -> Option<&'a UnitWork> {
    let phase = item.task.phase;
    // When tasks are dispatched one by one, an item that is no task of its own belongs to the check of the phase.
    let units = [
        UnitId::Task(item.task),
        UnitId::Phase(phase),
        UnitId::Task(TaskId::verify(phase)),
    ];
    units.into_iter().find_map(|unit| plan.unit(unit))
}

/// The items that the attempt may not begin: open units and numbered checks, each with the reason.
pub fn closed_to(
    plan: &PlanWork,
    run: &PlanRun,
    state: &State,
    attempt: &Attempt,
) -> BTreeMap<String, ClosedBecause> {
    let is_gated = !plan.approvals.is_empty();
    let others = || run.attempts.values().filter(|other| other.id != attempt.id);
    let at_work = |unit: UnitId| others().any(|other| other.units.contains(&unit));
    let frozen = |unit: &UnitWork| freeze::of_unit(plan, run, state, unit).next().is_some();
    let waits = |unit: &UnitWork| !unit.depends.is_empty() || !unit.after.is_empty() || frozen(unit);
    let held = |unit: &&UnitWork| is_gated || waits(unit) || at_work(unit.id);
    let units = plan.units.iter().filter(held);
    let units = units.filter_map(|unit| {
        Some((
            unit.id.to_string(),
            unit_refusal(plan, run, state, Some(attempt), unit)?,
        ))
    });
    let checks = plan
        .document
        .numbered_checks()
        .filter(|_| plan.dispatch == Dispatch::Task);
    let checks = checks.filter_map(|check| {
        Some((
            check.id.to_string(),
            refusal(plan, run, state, Some(attempt), &check.id)?,
        ))
    });
    units.chain(checks).collect()
}

fn unit_refusal(
    plan: &PlanWork,
    run: &PlanRun,
    state: &State,
    attempt: Option<&Attempt>,
    unit: &UnitWork,
) -> Option<ClosedBecause> {
    // The attempt was admitted when it began, or the unit is done.
    let given = attempt.is_some_and(|attempt| attempt.units.contains(&unit.id));
    if given || run.is_unit_done(unit.id) {
        return None;
    }
    let gates = [Point::Plan, Point::Phase(unit.id.phase())];
    let closed = |point: &Point| plan.has_gate(*point) && !run.approved.contains(point);
    if let Some(point) = gates.into_iter().find(closed) {
        return Some(ClosedBecause::Approval(WorkRef::at(&plan.name, point)));
    }
    let mut on = plan.depends.iter().chain(&unit.depends);
    if let Some(on) = on.find(|on| !state.is_satisfied(on)) {
        return Some(ClosedBecause::Plan(on.clone()));
    }
    let reached = |on: WorkRef| Dependency { on, landed: false };
    let open = [&plan.after, &unit.after].map(|after| file_turns::open(plan, after, state).next());
    if let Some((on, _)) = open.into_iter().flatten().next() {
        return Some(ClosedBecause::Plan(reached(on)));
    }
    let turns = || file_turns::merged_in(plan, unit.after.iter(), state);
    let merged = unit
        .depends
        .first()
        .cloned()
        .or_else(|| turns().next().map(reached));
    if let Some(on) = merged.filter(|_| plan.carry && attempt.is_some()) {
        return Some(ClosedBecause::NotMergedIn(on));
    }
    // A person may begin the work all the same.
    let freeze = freeze::of_unit(plan, run, state, unit).next();
    if let Some(freeze) = freeze.filter(|_| attempt.is_some()) {
        return Some(ClosedBecause::Conflict(freeze.of));
    }
    let mut others = run.attempts.values().filter(|_| attempt.is_some());
    others
        .find(|other| other.units.contains(&unit.id))
        .map(|other| ClosedBecause::AtWork(other.id.clone()))
}
