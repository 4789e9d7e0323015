//! Ending the orphans of a dead supervisor: agents outlive it, and a person may want to end them without starting a run.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::agent::{Away, AwayStop, JobFolder, JobState, Runner, orphaned_jobs};
use crate::executor::{Driver, Listed, ListedState, Manner};
use crate::journal::{OrchDir, RepositoryLock};

use super::error::SupervisorError;
use super::orphan_git::end_orphan_gits;

/// The pause between two polls of an engine.
const LOOK: Duration = Duration::from_millis(500);
/// How long a job may take beyond its grace.
const BEYOND_GRACE: Duration = Duration::from_secs(30);

/// How long a process without a runner may take to end before it is killed.
pub const GRACE: Duration = Duration::from_secs(10);

/// Ends every running agent, verification, setup and hook, and returns the names of their folders. The next run inspects their work,
/// as after any other end.
///
/// # Errors
///
/// When a supervisor is running (ask that one instead), or a folder cannot be read.
pub fn stop_orphans(dir: &OrchDir, now: bool) -> Result<Vec<String>, SupervisorError> {
    if !dir.path().is_dir() {
        return Ok(Vec::new());
    }
    // Held while they end, so that nobody adopts them meanwhile.
    let _lock = RepositoryLock::take(dir, "down")?.map_err(SupervisorError::Held)?;
    if let Some(common_dir) = dir.path().parent() {
        end_orphan_gits(common_dir);
    }
    let (mut runners, mut stopped, mut away) = (Vec::new(), Vec::new(), Vec::new());
    let homes = [dir.attempts(), dir.verifications(), dir.setups(), dir.hooks()];
    for home in &homes {
        for entry in fs::read_dir(home).into_iter().flatten().flatten() {
            let folder = JobFolder::new(entry.path());
            if let JobState::Away(job) = folder.state()? {
                away.push((folder, *job));
            } else if let Some(runner) = Runner::adopt(folder)? {
                runner.hold().stop(now);
                runners.push((entry.file_name().to_string_lossy().into_owned(), runner));
            }
        }
    }
    for (name, runner) in runners {
        runner.wait()?;
        stopped.push(name);
    }
    stopped.extend(stop_away(away, now)?);
    // The runners of these were killed too.
    let grace = if now { Duration::ZERO } else { GRACE };
    for (folder, _) in orphaned_jobs(&homes) {
        let name = folder
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Runner::sweep_anyway(&JobFolder::new(folder), grace);
        stopped.push(name);
    }
    stopped.sort();
    Ok(stopped)
}

/// Ends these jobs, with grace or at once, and waits until the engine says that they are over. The next run imports their work. Fails
/// when an engine does not answer, because their state is unknown then.
fn stop_away(jobs: Vec<(JobFolder, Away)>, now: bool) -> Result<Vec<String>, SupervisorError> {
    let mut stopped = Vec::new();
    for (folder, mut away) in jobs {
        let grace = folder.job().map(|job| job.grace).unwrap_or_default();
        // Recorded first, so that the next run does not continue the job.
        away.stop = Some(AwayStop {
            now,
            since: Timestamp::now(),
        });
        folder.note_away(&away)?;
        let mut driver = Driver::of(&away.executor);
        let (began, mut asked) = (Instant::now(), None);
        while let Some(job) = alive(&mut driver, &away)? {
            let waits = matches!(job.state, ListedState::Waiting(_));
            let kill = now || waits || began.elapsed() >= grace + BEYOND_GRACE;
            let manner = if kill { Manner::Kill } else { Manner::Ask };
            if asked != Some(manner) {
                // The list shows whether the request worked.
                let _ = driver.cancel(&job.job, manner);
                asked = Some(manner);
            }
            thread::sleep(LOOK);
        }
        stopped.push(away.attempt.to_string());
    }
    Ok(stopped)
}

/// The attempt's job in the engine, if it is not over.
fn alive(driver: &mut Driver, away: &Away) -> Result<Option<Listed>, SupervisorError> {
    let silent = |why: &str| {
        SupervisorError::Unfit(format!(
            "the engine of executor {} does not answer, and {} may still run there: {why}",
            away.executor.name.as_str(),
            away.attempt,
        ))
    };
    let listed = driver.list().map_err(|error| silent(&error.0))?;
    let key = away.key();
    let over = |job: &Listed| matches!(job.state, ListedState::Over(_));
    // Of two jobs, the one that is still alive counts.
    match listed.into_iter().find(|job| job.token == key && !over(job)) {
        None if !driver.answers_for(away.job.as_deref()) => Err(silent("its host is not reached")),
        alive => Ok(alive),
    }
}
