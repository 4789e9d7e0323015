//! Undeclared files that were touched: the files of conflicts. Two units that touch one of them do not run at once while one
//! repeats its work.

use crate::graph::covers;
use crate::schedule::state::attempt::{Attempt, AttemptState};
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::{PlanWork, UnitWork};

/// Files of a unit that nobody had declared, and that one at work touches too.
pub(in crate::schedule) fn shared<'a>(
    run: &'a PlanRun,
    plan: &'a PlanWork,
    unit: &'a UnitWork,
    other: &'a UnitWork,
) -> Vec<&'a str> {
    // Where nothing was found, what is declared says all.
    if run.found.is_empty() {
        return Vec::new();
    }
    let (own, others) = (touched_by(run, plan, unit), touched_by(run, plan, other));
    let meets = |file: &&&str| {
        others
            .iter()
            .any(|other| covers(other, file) || covers(file, other))
    };
    own.iter().filter(meets).copied().collect()
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

/// True when the attempt's commits have to wait: another one repeats its work because of files in which these were made
/// too. It would meet its conflict again, and nobody could say how often.
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
