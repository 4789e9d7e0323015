//! Ending the orphans of a dead supervisor: agents outlive it, and a person may want to end them without starting a run.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::agent::{Away, AwayStop, JobFolder, JobState, Runner, orphaned_jobs};
use crate::executor::{Driver, Listed, ListedState, Manner};
use crate::journal::{OrchDir, RepositoryLock};
use crate::plan::Executor;

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

/// A job that is being ended.
struct EndingJob {
    away: Away,
    grace: Duration,
    asked: Option<Manner>,
}

/// Ends these jobs, all at the same time, with grace or at once, and waits until their engines say that they are over. The next run
/// imports their work. Fails at the end when an engine did not answer, because the state of its jobs is unknown then.
fn stop_away(jobs: Vec<(JobFolder, Away)>, now: bool) -> Result<Vec<String>, SupervisorError> {
    let mut of: Vec<(Driver, Vec<EndingJob>)> = Vec::new();
    let mut executors: Vec<Executor> = Vec::new();
    for (folder, mut away) in jobs {
        let grace = folder.job().map(|job| job.grace).unwrap_or_default();
        // Recorded first, so that the next run does not continue the job.
        away.stop = Some(AwayStop {
            now,
            since: Timestamp::now(),
        });
        folder.note_away(&away)?;
        let at = executors.iter().position(|known| *known == away.executor);
        let at = at.unwrap_or_else(|| {
            executors.push(away.executor.clone());
            of.push((Driver::of(&away.executor), Vec::new()));
            of.len() - 1
        });
        let asked = None;
        of[at].1.push(EndingJob { away, grace, asked });
    }
    let (mut stopped, mut unknown) = (Vec::new(), Vec::new());
    for (driver, jobs) in &mut of {
        stop_jobs(driver, jobs, now, &mut stopped, &mut unknown);
    }
    match unknown.is_empty() {
        true => Ok(stopped),
        false => Err(SupervisorError::Unfit(unknown.join("; "))),
    }
}

/// Ends the jobs of one engine. Those whose end the engine has confirmed go to `stopped`, words about the others to `unknown`.
fn stop_jobs(
    driver: &mut Driver,
    jobs: &mut Vec<EndingJob>,
    now: bool,
    stopped: &mut Vec<String>,
    unknown: &mut Vec<String>,
) {
    let silent = |away: &Away, why: &str| {
        format!(
            "the engine of executor {} does not answer, and {} may still run there: {why}",
            away.executor.name.as_str(),
            away.attempt,
        )
    };
    let began = Instant::now();
    loop {
        let listed = match driver.list() {
            Ok(listed) => listed,
            Err(error) => {
                unknown.extend(jobs.drain(..).map(|job| silent(&job.away, &error.0)));
                return;
            }
        };
        jobs.retain_mut(|job| {
            let key = job.away.key();
            let over = |listed: &Listed| matches!(listed.state, ListedState::Over(_));
            // Of two jobs, the one that is still alive counts.
            let Some(alive) = listed.iter().find(|one| one.token == key && !over(one)) else {
                match driver.answers_for(job.away.job.as_deref()) {
                    true => stopped.push(job.away.attempt.to_string()),
                    false => unknown.push(silent(&job.away, "its host is not reached")),
                }
                return false;
            };
            let waits = matches!(alive.state, ListedState::Waiting(_));
            let kill = now || waits || began.elapsed() >= job.grace + BEYOND_GRACE;
            let manner = if kill { Manner::Kill } else { Manner::Ask };
            if job.asked != Some(manner) {
                // The list shows whether the request worked.
                let _ = driver.cancel(&alive.job, manner);
                job.asked = Some(manner);
            }
            true
        });
        if jobs.is_empty() {
            return;
        }
        thread::sleep(LOOK);
    }
}
