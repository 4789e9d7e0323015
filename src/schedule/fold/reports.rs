//! Reports of an attempt that stop counting, or that count for later attempts.

use crate::plan::{ItemId, PhaseId, TaskId, TaskState, UnitId};
use crate::schedule::event::about::Ticks;
use crate::schedule::event::at::At;
use crate::schedule::event::exit::Evidence;
use crate::schedule::state::attempt::Attempt;
use crate::schedule::state::plan_run::{Outcome, PlanRun, Verify};

/// Forgets the reports on the attempt's open work. The report files are written anew for the agent, so what they say about open
/// work is news.
pub(in crate::schedule) fn listen_anew(run: &mut PlanRun, units: &[UnitId]) {
    let items = &run.items;
    run.heard.retain(|id, _| {
        let given = units.iter().any(|unit| unit.covers(id.task));
        !given || items.get(id).is_some_and(|item| item.state != TaskState::Pending)
    });
}

/// Records the work that an attempt with commits did beyond its stage. That work counts for the next attempt.
pub(in crate::schedule) fn note_made_before(run: &mut PlanRun, ended: &Attempt) {
    if run.tries_of(ended.units.first().copied(), ended.repair).commits > 0 {
        run.made_before.extend(&ended.claimed);
    }
}

/// Records the done tasks of a proven phase. These tasks count for the next attempt when a part of the phase is reopened.
pub(in crate::schedule) fn note_shown(run: &mut PlanRun, phase: PhaseId) {
    let own = run.items.range(ItemId::from(TaskId::new(phase.0, 0))..);
    let own = own.take_while(|(id, _)| id.task.phase == phase);
    let done = own.filter(|(id, item)| item.state == TaskState::Done && !id.task.is_verify());
    run.made_before.extend(done.map(|(id, _)| id.task));
}

/// Reopens tasks that the attempt reported done, because its commits did not merge or it made none. Boxes that the document has
/// ticked stay done, because nobody reported them. So do the tasks in `made_before`, because their work is on the branch.
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

/// Withdraws the proof of work that was reported failed afterwards. The last report counts, as long as the work has not landed.
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

/// Reopens work that was reported done on commits that have left the branch.
pub(in crate::schedule) fn reopen_gone(run: &mut PlanRun, at: At, evidence: &Evidence) {
    for id in evidence.gone.iter().flat_map(|gone| &gone.items) {
        if let Some(item) = run.items.get_mut(id) {
            item.state = TaskState::Pending;
            item.since = at;
        }
        // `heard` keeps the report. A report in a file without times must not count as news when it is read again.
        run.proven.retain(|unit| !unit.covers(id.task));
        run.made_before.remove(&id.task);
        run.unreach(id.task);
    }
}

/// Reopens a done unit, because work was added to it.
pub(in crate::schedule) fn grow(run: &mut PlanRun, at: At, unit: UnitId) {
    if !run.landed.is_empty() {
        return;
    }
    if let UnitId::Task(task) = unit {
        // `heard` keeps the report, so that the same report does not count as news.
        run.items.remove(&task.into());
        run.proven.retain(|unit| !unit.covers(task));
        run.unreach(task);
    }
    unfinish(run, at);
}

/// The ticked boxes of the document have changed.
pub(in crate::schedule) fn note_ticked(run: &mut PlanRun, ticks: &Ticks) {
    if run.history.is_empty() {
        return run.begin_ticked(ticks);
    }
    if run.ticks.is_none() {
        run.ticks_at_first = Some(ticks.clone());
    }
    run.ticks = Some(ticks.clone());
}
