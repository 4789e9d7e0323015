//! Watching for runners that do not answer: an agent can suspend or hinder the process that is supposed to end it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::schedule::Exit;

use crate::agent::jobs::folder::JobFolder;
use crate::agent::jobs::process::ProcessId;

/// How late a runner may end its job before it counts as not answering.
const MARGIN: Duration = Duration::from_secs(5);

/// The deadline by which a runner must have ended its job.
#[derive(Debug)]
pub(in crate::agent) struct Leash {
    grace: Duration,
    /// The deadline, with the exit to record after it. `None` for a job without limit.
    due: Mutex<Option<(Instant, Exit)>>,
    woken: AtomicBool,
    pulled: AtomicBool,
}

impl Leash {
    /// The leash of the job in this folder, from now on. No reliable clock tells how long the runner has worked already, so
    /// an adopted runner gets all of its time again.
    pub(in crate::agent) fn of(folder: &JobFolder) -> Self {
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

    /// Shortens the deadline after the runner was asked to end its job: with grace, or at once.
    pub(in crate::agent) fn shorten(&self, now: bool) {
        let asked = if now { Duration::ZERO } else { self.grace };
        let Some(asked) = latest(&[asked], self.grace) else {
            return;
        };
        let mut due = self.due();
        if due.as_ref().is_none_or(|(due, _)| asked < *due) {
            *due = Some((asked, Exit::Stopped));
        }
    }

    /// Resumes a suspended runner, and kills one that is long overdue. True when the runner was resumed for the first time.
    pub(in crate::agent) fn look(&self, runner: ProcessId) -> bool {
        let overdue = self.due().as_ref().is_some_and(|(due, _)| *due <= Instant::now());
        if overdue && !self.pulled.swap(true, Ordering::Relaxed) {
            runner.signal(Signal::KILL);
        }
        runner.wake() && !self.woken.swap(true, Ordering::Relaxed)
    }

    /// The exit of the job, when its runner had to be killed.
    pub(in crate::agent) fn pulled(&self) -> Option<Exit> {
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

/// The moment after all these steps, plus the grace period for orphans. `None` when the clock cannot represent it.
fn latest(steps: &[Duration], grace: Duration) -> Option<Instant> {
    let all = [grace, MARGIN];
    let mut steps = steps.iter().chain(&all);
    steps.try_fold(Instant::now(), |at, step| at.checked_add(*step))
}
