//! Looking again at the checkouts of a target that has moved.
//!
//! A person's `git switch` reads the target's commit before it locks the index, and writes HEAD after it has unlocked the index. So a
//! switch during a landing leaves a checkout on the target with the files of the commit before.

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::git::{self, LandingPlan, Repository};
use crate::plan::CommitId;
use crate::supervisor::project::repository_plans::Project;

/// How long after a landing its checkouts are looked at. Landings in quick succession share a look.
const AFTER: [Duration; 3] = [
    Duration::from_millis(50),
    Duration::from_millis(300),
    Duration::from_millis(1300),
];

/// The landings whose checkouts are to be looked at again. One thread does so while there are any.
#[derive(Debug, Default)]
pub struct LookAgain {
    due: Arc<Mutex<DueLooks>>,
}

#[derive(Debug, Default)]
struct DueLooks {
    landings: Vec<(Instant, usize, LandingPlan)>,
    is_watched: bool,
}

impl LookAgain {
    /// Has the checkouts of a target looked at after it moved.
    pub fn add(&self, project: &Project, target: &str, old: Option<CommitId>, new: &CommitId) {
        let landing = LandingPlan {
            branch: target.to_owned(),
            old,
            new: new.clone(),
            beside: true,
        };
        let mut due = locked(&self.due);
        due.landings.push((Instant::now(), 0, landing));
        if !std::mem::replace(&mut due.is_watched, true) {
            let (due, repo, lock) = (
                Arc::clone(&self.due),
                project.repo.clone(),
                project.dir.landing_lock(),
            );
            std::thread::spawn(move || watch(&due, &repo, &lock));
        }
    }
}

fn locked(due: &Mutex<DueLooks>) -> MutexGuard<'_, DueLooks> {
    due.lock().unwrap_or_else(PoisonError::into_inner)
}

fn watch(due: &Mutex<DueLooks>, repo: &Repository, lock: &Path) {
    let mut last = None;
    loop {
        // Between two looks there is always time for a landing.
        let next = locked(due).next(last);
        let Some(next) = next else { return };
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        let now = Instant::now();
        let looked_for = locked(due).take(now);
        look(repo, lock, &looked_for);
        last = Some(now);
    }
}

impl DueLooks {
    /// The time of the next look; `None` ends the watch.
    fn next(&mut self, last: Option<Instant>) -> Option<Instant> {
        let first = self
            .landings
            .iter()
            .map(|(moved, looks, _)| *moved + AFTER[*looks])
            .min();
        self.is_watched = first.is_some();
        let earliest = last.map(|last| last + AFTER[0]);
        first.map(|first| earliest.map_or(first, |earliest| first.max(earliest)))
    }

    /// The landings to look for now. Each leaves the list with its last look.
    fn take(&mut self, now: Instant) -> Vec<LandingPlan> {
        let mut taken = Vec::new();
        for (moved, looks, landing) in &mut self.landings {
            if *moved + AFTER[*looks] <= now {
                taken.push(landing.clone());
                // Looks that a late one stands for are left out.
                *looks += AFTER[*looks..]
                    .iter()
                    .filter(|after| *moved + **after <= now)
                    .count();
            }
        }
        self.landings.retain(|(_, looks, _)| *looks < AFTER.len());
        taken
    }
}

/// Updates what a switch has left behind.
fn look(repo: &Repository, lock: &Path, landings: &[LandingPlan]) {
    let Some(last) = landings.last() else { return };
    // Another landing may hold the lock; then that landing updates the checkouts.
    let Ok(lock) = File::open(lock) else { return };
    if lock.lock().is_err() || git::landing::all_follow(repo, &last.branch).unwrap_or(false) {
        return;
    }
    for landing in landings {
        if !git::landing::behind(repo, landing).is_ok_and(|behind| behind.is_empty()) {
            let _ = git::landing::finish_landing_holding(repo, landing, Some(&lock));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_landing_is_looked_at_three_times_and_those_in_quick_succession_together() {
        let mut due = DueLooks::default();
        let start = Instant::now();
        let landing = LandingPlan {
            branch: "main".to_owned(),
            old: None,
            new: "1".repeat(40).parse().unwrap(),
            beside: true,
        };
        for after in [0, 10, 20] {
            let moved = start + Duration::from_millis(after);
            due.landings.push((moved, 0, landing.clone()));
        }
        let (mut last, mut looks) = (None, Vec::new());
        while let Some(next) = due.next(last) {
            looks.push(((next - start).as_millis(), due.take(next).len()));
            last = Some(next);
        }
        assert_eq!(
            looks,
            [(50, 1), (100, 2), (300, 1), (350, 2), (1300, 1), (1350, 2)]
        );
        assert!(!due.is_watched);
    }
}
