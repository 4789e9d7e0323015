//! Work of other plans that comes first because both plans touch the same files.

use crate::plan::{PlanName, Point, TaskId, WorkRef};

use super::freeze;
use crate::schedule::state::known::State;
use crate::schedule::state::lost::Lost;
use crate::schedule::state::plan_run::{Outcome, PlanRun};
use crate::schedule::work::files_in_turn::FilesInTurn;
use crate::schedule::work::plans::{PlanWork, Work};

/// The points that the plan or its unit still has to wait for, each with its files. `after` is what comes first.
pub(in crate::schedule) fn open<'a>(
    plan: &'a PlanWork,
    after: &'a [FilesInTurn],
    state: &'a State,
) -> impl Iterator<Item = (WorkRef, &'a [String])> {
    after.iter().flat_map(move |turn| {
        let run = state.plan(&turn.plan);
        let open = turn.points().filter(move |on| is_open(plan, turn, on.point, run));
        open.map(|on| (on, &*turn.files))
    })
}

/// The work of other plans that a task still has to wait for because both touch the same files: what comes first, and what has a
/// conflict there.
pub fn waits_in_files(work: &Work, state: &State, plan: &PlanName, task: TaskId) -> Vec<WorkRef> {
    let Some(plan) = state.number(plan).map(|number| &work.plans[number]) else {
        return Vec::new();
    };
    let unit = plan.unit_of(task).and_then(|unit| plan.unit(unit));
    let own = unit.map_or(&[][..], |unit| &unit.after);
    let all = open(plan, &plan.after, state).chain(open(plan, own, state));
    let frozen = unit.map(|unit| freeze::of_unit(plan, state.plan(&plan.name), state, unit));
    let frozen = frozen.into_iter().flatten().map(|freeze| freeze.of);
    all.map(|(on, _)| on).chain(frozen).collect()
}

/// True when the point has not settled. A point that was reached counts until its commit is pinned, if the plan merges
/// dependencies in: both change the same files, so the second change has to be made on top of the first.
fn is_open(plan: &PlanWork, turn: &FilesInTurn, point: Point, run: &PlanRun) -> bool {
    let is_pinned = || !plan.carry || run.pins.contains_key(&point);
    let Some(phase) = point.phase() else {
        let finished = run.outcome == Some(Outcome::Finished);
        return !run.has_settled() || (finished && !is_pinned());
    };
    if run.has_reached(point) {
        // Without a worktree nothing has been done about it but ticking its boxes.
        return run.worktree().is_some() && !is_pinned();
    }
    let units = turn.phases.iter().filter(|(known, _)| *known == phase);
    let mut units = units.flat_map(|(_, units)| units);
    let will_settle = |unit| !run.is_unit_done(unit) && !run.lost.get(&unit).is_some_and(Lost::is_final);
    !run.has_settled() && units.any(|unit| will_settle(*unit))
}

/// The points in `after` whose commits the plan may have merged in, so that they land before it. A commit that was handed on stays in
/// the plan, whatever becomes of the point: it may be given up or open again.
pub(in crate::schedule) fn merged_in<'a>(
    plan: &'a PlanWork,
    after: impl Iterator<Item = &'a FilesInTurn> + 'a,
    state: &'a State,
) -> impl Iterator<Item = WorkRef> + 'a {
    let points = after.filter(|_| plan.carry).flat_map(FilesInTurn::points);
    points.filter(|on| state.plan(&on.plan).handed_on.contains_key(&on.point))
}
