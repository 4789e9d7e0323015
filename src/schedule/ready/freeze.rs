//! Work that does not begin while a conflict of another plan in its files is unresolved.

use crate::graph::covers;
use crate::plan::{AttemptId, PlanName, WorkRef};

use super::undeclared_files::touched_by;
use crate::schedule::event::resolving::up_to;
use crate::schedule::fold::conflict_files::name_of;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::{PlanWork, UnitWork};

/// A conflict that keeps work from beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze<'a> {
    /// The plan in conflict, or its first phases.
    pub of: WorkRef,
    /// The files that the waiting work touches.
    pub files: Vec<&'a str>,
    /// The attempt of the agent that resolves the conflict; `None` when it waits for a person.
    pub by: Option<&'a AttemptId>,
}

/// The conflicts that keep a unit from beginning: those of other plans of the run, in files that the unit touches. Work that has
/// begun goes on, and a plan with `overlap = "allow"` does not mind.
pub(in crate::schedule) fn of_unit<'a>(
    plan: &'a PlanWork,
    run: &'a PlanRun,
    state: &'a State,
    unit: &'a UnitWork,
) -> impl Iterator<Item = Freeze<'a>> {
    let open = state
        .in_conflict
        .iter()
        .map(|number| (&state.names[*number], &state.plans[*number]));
    let minds = !state.in_conflict.is_empty() && plan.minds_overlap && !has_begun(run, unit);
    let others = open.filter(move |(name, _)| minds && **name != plan.name && state.drives(name));
    others.filter_map(move |(name, other)| freeze(name, other, &touched_in_all(plan, run, unit)))
}

fn freeze<'a>(name: &PlanName, run: &'a PlanRun, touched: &[&str]) -> Option<Freeze<'a>> {
    let (phase, files) = run.open_conflict()?;
    let is_touched = |file: &&str| touched.iter().any(|own| covers(own, file));
    let files: Vec<&str> = files
        .iter()
        .map(|file| name_of(file))
        .filter(is_touched)
        .collect();
    (!files.is_empty()).then(|| Freeze {
        of: up_to(name, phase),
        files,
        by: run.resolution.agent.as_ref().map(|agent| &agent.attempt),
    })
}

/// The files, folders and patterns that a unit touches, with those of its whole plan.
fn touched_in_all<'a>(plan: &'a PlanWork, run: &'a PlanRun, unit: &'a UnitWork) -> Vec<&'a str> {
    let mut touched = touched_by(run, plan, unit);
    touched.extend(plan.touches.iter().map(String::as_str));
    touched
}

/// True when work on the unit has begun, now or in an earlier attempt.
fn has_begun(run: &PlanRun, unit: &UnitWork) -> bool {
    let before = match run.by_units {
        true => run.history.iter().any(|record| record.units.contains(&unit.id)),
        // An agent is given many phases at once, and may have ended before it came to this one.
        false => run.touched.contains(&unit.id.phase()),
    };
    before || run.is_worked_on(unit.id)
}
