//! Handles a runner that does not answer. An agent can suspend or hinder the runner that should end the agent.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::schedule::Exit;

use super::{JobFolder, ProcessId};

/// How late a runner may end its job before the runner counts as not answering.
const MARGIN: Duration = Duration::from_secs(5);

/// The time by which a runner must have ended its job.
#[derive(Debug)]
pub(super) struct Leash {
    grace: Duration,
    /// The time, and the exit that is recorded then; none for a job without a time limit.
    due: Mutex<Option<(Instant, Exit)>>,
    woken: AtomicBool,
    pulled: AtomicBool,
}

impl Leash {
    /// For the job in this folder, from now on. The time that a runner has spent on it already is not known to be that of any
    /// clock that nobody sets, so one that is taken over has all of its time again.
    pub(super) fn of(folder: &JobFolder) -> Self {
        let job = folder.job().ok();
        let grace = job.as_ref().map_or(Duration::ZERO, |job| job.grace);
        let timeout = job.and_then(|job| job.timeout);
        let due = timeout.and_then(|timeout| latest(&[timeout, grace], grace));
        Self {
            grace,
            due: Mutex::new(due.map(|due| (due, Exit::TimedOut))),
            woken: AtomicBool::new(false),
            pulled: AtomicBool::new(false),
        }
    }

    /// The runner was asked to end its job: with grace, or at once.
    pub(super) fn shorten(&self, now: bool) {
        let asked = if now { Duration::ZERO } else { self.grace };
        let Some(asked) = latest(&[asked], self.grace) else {
            return;
        };
        let mut due = self.due();
        if due.as_ref().is_none_or(|(due, _)| asked < *due) {
            *due = Some((asked, Exit::Stopped));
        }
    }

    /// Wakes a suspended runner, and kills a runner whose time is long up. True when the runner was woken for the first
    /// time.
    pub(super) fn look(&self, runner: ProcessId) -> bool {
        let overdue = self.due().as_ref().is_some_and(|(due, _)| *due <= Instant::now());
        if overdue && !self.pulled.swap(true, Ordering::Relaxed) {
            runner.signal(Signal::KILL);
        }
        runner.wake() && !self.woken.swap(true, Ordering::Relaxed)
    }

    /// How the job ended, when its runner had to be killed.
    pub(super) fn pulled(&self) -> Option<Exit> {
        let pulled = self.pulled.load(Ordering::Relaxed);
        self.due()
            .as_ref()
            .filter(|_| pulled)
            .map(|(_, exit)| exit.clone())
    }

    fn due(&self) -> MutexGuard<'_, Option<(Instant, Exit)>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When all of this has passed, and the grace that a runner gives to what its command leaves behind; none beyond any clock.
fn latest(steps: &[Duration], grace: Duration) -> Option<Instant> {
    let all = [grace, MARGIN];
    let mut steps = steps.iter().chain(&all);
    steps.try_fold(Instant::now(), |at, step| at.checked_add(*step))
}
