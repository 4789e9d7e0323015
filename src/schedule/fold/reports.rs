//! The reports of an attempt that do not count after its end.

use crate::plan::{ItemId, PhaseId, TaskId, TaskState, UnitId};
use crate::schedule::event::about::Ticks;
use crate::schedule::event::at::At;
use crate::schedule::event::exit::Evidence;
use crate::schedule::state::attempt::Attempt;
use crate::schedule::state::plan_run::{Outcome, PlanRun, Verify};

/// The files in which an agent reports are written again for it: what it says there of open work is news.
pub(in crate::schedule) fn listen_anew(run: &mut PlanRun, units: &[UnitId]) {
    let items = &run.items;
    run.heard.retain(|id, _| {
        let given = units.iter().any(|unit| unit.covers(id.task));
        !given || items.get(id).is_some_and(|item| item.state != TaskState::Pending)
    });
}

/// Work that an attempt with commits did beyond its stage counts for the next attempt.
pub(in crate::schedule) fn note_made_before(run: &mut PlanRun, ended: &Attempt) {
    if run.tries_of(ended.units.first().copied(), ended.repair).commits > 0 {
        run.made_before.extend(&ended.claimed);
    }
}

/// The done tasks of a proven phase count for the next attempt, when a part of the phase is opened again.
pub(in crate::schedule) fn note_shown(run: &mut PlanRun, phase: PhaseId) {
    let own = run.items.range(ItemId::from(TaskId::new(phase.0, 0))..);
    let own = own.take_while(|(id, _)| id.task.phase == phase);
    let done = own.filter(|(id, item)| item.state == TaskState::Done && !id.task.is_verify());
    run.made_before.extend(done.map(|(id, _)| id.task));
}

/// What was reported done went with the commits that did not merge, or there were none: it is to be done again. What a
/// document has ticked was not said by anybody, and what another attempt made on its way is there.
pub(in crate::schedule) fn lose_reports(run: &mut PlanRun, at: At, ended: &Attempt) {
    let mut lost = Vec::new();
    for (id, item) in &mut run.items {
        let said = item.state == TaskState::Done && run.heard.get(id) == Some(&TaskState::Done);
        let given = ended.units.iter().any(|unit| unit.covers(id.task));
        if said && given && !run.made_before.contains(&id.task) {
            item.state = TaskState::Pending;
            item.since = at;
            lost.push(id.clone());
        }
    }
    for id in lost {
        run.unreach(id.task);
    }
}

/// Work that was shown was called failed afterwards: the last word counts, as long as the work has not landed.
pub(in crate::schedule) fn withdraw(run: &mut PlanRun, at: At, task: TaskId) {
    let shown = run.proven.iter().any(|unit| unit.covers(task)) || run.phases_done.contains_key(&task.phase);
    run.made_before.remove(&task);
    run.reopen_check(task);
    if !shown || !run.landed.is_empty() {
        return;
    }
    run.proven.retain(|unit| !unit.covers(task));
    run.unreach(task);
    unfinish(run, at);
}

/// A finished plan continues, and is verified again at its end.
fn unfinish(run: &mut PlanRun, at: At) {
    if run.outcome == Some(Outcome::Finished) {
        run.outcome = None;
        run.verify = Verify::Open;
        run.since = at;
    }
}

/// Work that was reported done on lost commits has to be done again.
pub(in crate::schedule) fn reopen_gone(run: &mut PlanRun, at: At, evidence: &Evidence) {
    for id in evidence.gone.iter().flat_map(|gone| &gone.items) {
        if let Some(item) = run.items.get_mut(id) {
            item.state = TaskState::Pending;
            item.since = at;
        }
        // That it was said is not forgotten: what is in a file without a time is no news.
        run.proven.retain(|unit| !unit.covers(id.task));
        run.made_before.remove(&id.task);
        run.unreach(id.task);
    }
}

/// There is more to do in what was done.
pub(in crate::schedule) fn grow(run: &mut PlanRun, at: At, unit: UnitId) {
    if !run.landed.is_empty() {
        return;
    }
    if let UnitId::Task(task) = unit {
        // That it was said is not forgotten: the same statement is no news.
        run.items.remove(&task.into());
        run.proven.retain(|unit| !unit.covers(task));
        run.unreach(task);
    }
    unfinish(run, at);
}

/// Other boxes are ticked now.
pub(in crate::schedule) fn note_ticked(run: &mut PlanRun, ticks: &Ticks) {
    if run.history.is_empty() {
        return run.begin_ticked(ticks);
    }
    if run.ticks.is_none() {
        run.ticks_at_first = Some(ticks.clone());
    }
    run.ticks = Some(ticks.clone());
}
