//! Files that turned out to be touched, although nobody had declared them: those of conflicts. Who touches one that another
//! repeats its work on is kept apart from that.

use crate::graph::covers;
use crate::plan::{AttemptId, UnitId};

use crate::schedule::state::attempt::{Attempt, Stage};
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::{PlanWork, UnitWork};

impl PlanRun {
    /// Folds a conflict of the attempt in these files: what it was given touches them, and so does whatever else was made
    /// in one of them. True when that was not known of it.
    pub(in crate::schedule) fn found_in_conflict(&mut self, attempt: &AttemptId, files: &[String]) -> bool {
        let files: Vec<&str> = files.iter().map(|file| name_of(file)).collect();
        let Some(given) = self.attempt(attempt).map(|known| known.units.clone()) else {
            return false;
        };
        let with = self
            .made_in
            .iter()
            .filter(|(_, made)| made.iter().any(|file| files.contains(&file.as_str())));
        let with: Vec<UnitId> = with.map(|(unit, _)| *unit).collect();
        let mut news = false;
        for unit in &given {
            let known = self.found.entry(*unit).or_default();
            news |= files.iter().any(|file| !known.contains(*file));
        }
        for unit in given.into_iter().chain(with) {
            let known = self.found.entry(unit).or_default();
            known.extend(files.iter().map(|file| (*file).to_owned()));
        }
        news
    }

    /// Notes the files in which an attempt on a branch of its own has made something.
    pub(in crate::schedule) fn note_made_in(&mut self, units: &[UnitId], files: &[String]) {
        for unit in units.iter().filter(|_| !files.is_empty()) {
            self.made_in
                .entry(*unit)
                .or_default()
                .extend(files.iter().cloned());
        }
    }

    /// Files of a unit that nobody had declared, and that one at work touches too.
    pub(in crate::schedule) fn shared<'a>(
        &'a self,
        plan: &'a PlanWork,
        unit: &'a UnitWork,
        other: &'a UnitWork,
    ) -> Vec<&'a str> {
        // Where nothing was found, what is declared says all.
        if self.found.is_empty() {
            return Vec::new();
        }
        let (own, others) = (self.touched_by(plan, unit), self.touched_by(plan, other));
        let meets = |file: &&&str| {
            others
                .iter()
                .any(|other| covers(other, file) || covers(file, other))
        };
        own.iter().filter(meets).copied().collect()
    }

    fn touched_by<'a>(&'a self, plan: &'a PlanWork, unit: &'a UnitWork) -> Vec<&'a str> {
        let declared = unit
            .locks
            .iter()
            .filter_map(|lock| plan.files.get(*lock as usize));
        let found = self.found.get(&unit.id).into_iter().flatten();
        declared.chain(found).map(String::as_str).collect()
    }

    /// True when the attempt's commits have to wait: another one repeats its work because of files in which these were made
    /// too. It would meet its conflict again, and nobody could say how often.
    pub(in crate::schedule) fn waits_for_repeat(&self, attempt: &Attempt) -> bool {
        if self.found.is_empty() {
            return false;
        }
        let mut made = attempt
            .units
            .iter()
            .filter_map(|unit| self.made_in.get(unit))
            .flatten();
        let repeats = self.attempts.values().filter(|other| {
            let unit = other.units.first().copied();
            other.id != attempt.id
                && !matches!(other.stage, Stage::Checked(..))
                && self.tries_of(unit, other.repair).conflicts > 0
        });
        let found: Vec<&String> = repeats
            .flat_map(|other| &other.units)
            .filter_map(|unit| self.found.get(unit))
            .flatten()
            .collect();
        made.any(|file| found.contains(&file))
    }
}

/// The file of `src/a.rs (content)`, as conflicts are told.
fn name_of(told: &str) -> &str {
    let kind = told.strip_suffix(')').and_then(|rest| rest.rsplit_once(" ("));
    kind.map_or(told, |(file, _)| file)
}
