//! Undeclared files that units turned out to touch, because commits conflicted there. Two units that touch the same such file do
//! not run at once while one of them repeats its work.

use crate::graph::common_files;
use crate::schedule::state::attempt::{Attempt, AttemptState};
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::{PlanWork, UnitWork};

/// The files that two units have in common, declared or not.
pub(in crate::schedule) fn shared(
    run: &PlanRun,
    plan: &PlanWork,
    unit: &UnitWork,
    other: &UnitWork,
) -> Vec<String> {
    common_files(touched_by(run, plan, unit), touched_by(run, plan, other))
}

pub(in crate::schedule) fn touched_by<'a>(
    run: &'a PlanRun,
    plan: &'a PlanWork,
    unit: &'a UnitWork,
) -> Vec<&'a str> {
    let declared = unit
        .locks
        .iter()
        .filter_map(|lock| plan.files.get(*lock as usize));
    let found = run.found.get(&unit.id).into_iter().flatten();
    declared.chain(found).map(String::as_str).collect()
}

/// True when the attempt's commits have to wait, because another attempt repeats its work after a conflict in files that these
/// commits change too. Otherwise the other attempt would meet its conflict again, and there would be no limit to that.
pub(in crate::schedule) fn waits_for_repeat(run: &PlanRun, attempt: &Attempt) -> bool {
    if run.found.is_empty() {
        return false;
    }
    let mut made = attempt
        .units
        .iter()
        .filter_map(|unit| run.made_in.get(unit))
        .flatten();
    let repeats = run.attempts.values().filter(|other| {
        let unit = other.units.first().copied();
        other.id != attempt.id
            && !matches!(other.state, AttemptState::Checked(..))
            && run.tries_of(unit, other.repair).conflicts > 0
    });
    let found: Vec<&String> = repeats
        .flat_map(|other| &other.units)
        .filter_map(|unit| run.found.get(unit))
        .flatten()
        .collect();
    made.any(|file| found.contains(&file))
}
