//! Ending what a dead supervisor left at work: agents outlive it, and a person may want them gone without driving on.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::agent::{Away, AwayStop, JobFolder, JobState, Runner, orphaned_jobs};
use crate::executor::{Driver, Listed, ListedState, Manner};
use crate::journal::{OrchDir, RepositoryLock};

use super::error::SupervisorError;
use super::orphan_git::end_orphan_gits;

/// Between two questions to an engine.
const LOOK: Duration = Duration::from_millis(500);
/// How long a job may take beyond its grace.
const BEYOND_GRACE: Duration = Duration::from_secs(30);

/// How long a process without a runner may take to end before it is killed.
pub const GRACE: Duration = Duration::from_secs(10);

/// Ends every agent, verification, setup and hook that is at work, and returns the names of their folders. What they leave is looked
/// at by the next run, as after any other end.
///
/// # Errors
///
/// When a supervisor is at work (it is the one to ask), or a folder cannot be read.
pub fn stop_orphans(dir: &OrchDir, now: bool) -> Result<Vec<String>, SupervisorError> {
    if !dir.path().is_dir() {
        return Ok(Vec::new());
    }
    // Held while they end, so that nobody takes them over meanwhile.
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
    // Their runners were killed too.
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

/// Ends these jobs, with grace or at once, and waits until the engine says that they are over. What they made is taken in by the next
/// run.
/// Fails when an engine does not answer: nobody knows then.
fn stop_away(jobs: Vec<(JobFolder, Away)>, now: bool) -> Result<Vec<String>, SupervisorError> {
    let mut stopped = Vec::new();
    for (folder, mut away) in jobs {
        let grace = folder.job().map(|job| job.grace).unwrap_or_default();
        // Written down first: the next run does not continue with it.
        away.stop = Some(AwayStop {
            now,
            since: Timestamp::now(),
        });
        folder.note_away(&away)?;
        let driver = Driver::of(&away.executor);
        let (began, mut asked) = (Instant::now(), None);
        while let Some(job) = alive(&driver, &away)? {
            let waits = matches!(job.state, ListedState::Waiting(_));
            let kill = now || waits || began.elapsed() >= grace + BEYOND_GRACE;
            let manner = if kill { Manner::Kill } else { Manner::Ask };
            if asked != Some(manner) {
                // Whether it worked is seen in the list.
                let _ = driver.cancel(&job.job, manner);
                asked = Some(manner);
            }
            thread::sleep(LOOK);
        }
        stopped.push(away.attempt.to_string());
    }
    Ok(stopped)
}

/// The job of an attempt that the engine has and that is not over.
fn alive(driver: &Driver, away: &Away) -> Result<Option<Listed>, SupervisorError> {
    let listed = driver.list().map_err(|error| {
        SupervisorError::Unfit(format!(
            "the engine of executor {} does not answer, and {} may still run there: {}",
            away.executor.name.as_str(),
            away.attempt,
            error.0
        ))
    })?;
    let key = away.key();
    let over = |job: &Listed| matches!(job.state, ListedState::Over(_));
    Ok(listed.into_iter().find(|job| job.token == key && !over(job)))
}
