//! Ending what a dead supervisor left at work: agents outlive it, and a person may want them gone without driving on.

use std::fs;

use crate::agent::{JobFolder, Runner};
use crate::journal::{OrchDir, RepositoryLock};

use super::SupervisorError;

/// Ends every agent, verification, setup and hook that is at work, and returns the names of their folders. What they leave is looked
/// at by the next run, as after any other end.
///
/// # Errors
///
/// When a supervisor is at work (it is the one to ask), or a folder cannot be read.
pub fn stop_strays(dir: &OrchDir, now: bool) -> Result<Vec<String>, SupervisorError> {
    if !dir.path().is_dir() {
        return Ok(Vec::new());
    }
    // Held while they end, so that nobody takes them over meanwhile.
    let _lock = RepositoryLock::take(dir, "down")?.map_err(SupervisorError::Held)?;
    let mut runners = Vec::new();
    for home in [dir.attempts(), dir.verifications(), dir.setups(), dir.hooks()] {
        for entry in fs::read_dir(&home).into_iter().flatten().flatten() {
            if let Some(runner) = Runner::adopt(JobFolder::new(entry.path()))? {
                Runner::stop(runner.process(), now);
                runners.push((entry.file_name().to_string_lossy().into_owned(), runner));
            }
        }
    }
    let mut stopped = Vec::new();
    for (name, runner) in runners {
        runner.wait()?;
        stopped.push(name);
    }
    stopped.sort();
    Ok(stopped)
}
