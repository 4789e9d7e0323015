//! Ending what a dead supervisor left at work: agents outlive it, and a person may want them gone without driving on.

use std::fs;
use std::time::Duration;

use crate::agent::{JobFolder, Runner, orphaned_jobs};
use crate::journal::{OrchDir, RepositoryLock};

use super::error::SupervisorError;
use super::orphan_git::end_orphan_gits;

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
    let (mut runners, mut stopped) = (Vec::new(), Vec::new());
    let homes = [dir.attempts(), dir.verifications(), dir.setups(), dir.hooks()];
    for home in &homes {
        for entry in fs::read_dir(home).into_iter().flatten().flatten() {
            if let Some(runner) = Runner::adopt(JobFolder::new(entry.path()))? {
                runner.hold().stop(now);
                runners.push((entry.file_name().to_string_lossy().into_owned(), runner));
            }
        }
    }
    for (name, runner) in runners {
        runner.wait()?;
        stopped.push(name);
    }
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
