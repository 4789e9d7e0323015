//! The fold of undeclared files that units turned out to touch.

use crate::plan::{AttemptId, UnitId};
use crate::schedule::state::plan_run::PlanRun;

/// Folds a conflict of the attempt in these files. The attempt's units touch these files, and so does every unit with changes in
/// one of them. True when a file was new for one of the attempt's units.
pub(in crate::schedule) fn found_in_conflict(
    run: &mut PlanRun,
    attempt: &AttemptId,
    files: &[String],
) -> bool {
    let files: Vec<&str> = files.iter().map(|file| name_of(file)).collect();
    let Some(given) = run.attempt(attempt).map(|known| known.units.clone()) else {
        return false;
    };
    let with = run
        .made_in
        .iter()
        .filter(|(_, made)| made.iter().any(|file| files.contains(&file.as_str())));
    let with: Vec<UnitId> = with.map(|(unit, _)| *unit).collect();
    let mut news = false;
    for unit in &given {
        let known = run.found.entry(*unit).or_default();
        news |= files.iter().any(|file| !known.contains(*file));
    }
    for unit in given.into_iter().chain(with) {
        let known = run.found.entry(unit).or_default();
        known.extend(files.iter().map(|file| (*file).to_owned()));
    }
    news
}

/// Records the files that an attempt on a branch of its own has changed.
pub(in crate::schedule) fn note_made_in(run: &mut PlanRun, units: &[UnitId], files: &[String]) {
    for unit in units.iter().filter(|_| !files.is_empty()) {
        run.made_in
            .entry(*unit)
            .or_default()
            .extend(files.iter().cloned());
    }
}

/// The file name in `src/a.rs (content)`, the notation for conflicts.
pub(in crate::schedule) fn name_of(told: &str) -> &str {
    let kind = told.strip_suffix(')').and_then(|rest| rest.rsplit_once(" ("));
    kind.map_or(told, |(file, _)| file)
}
