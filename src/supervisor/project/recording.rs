//! Recording events while no supervisor is running.

use jiff::Timestamp;

use crate::journal::{Record, RepositoryLock, Sync};
use crate::plan::RunId;
use crate::schedule::{Event, Scheduler};
use crate::words::RefusalText;

use super::error::SupervisorError;
use super::replay::Replay;
use super::repository_plans::Project;

/// Records events that follow from the current state, while no supervisor is running. `None` when another process
/// locks the repository meanwhile.
pub fn record(
    project: &Project,
    doing: &str,
    decide: impl FnOnce(&Scheduler) -> Result<Vec<Event>, RefusalText>,
) -> Result<Option<Result<Vec<Record>, RefusalText>>, SupervisorError> {
    let Ok(lock) = RepositoryLock::take(&project.dir, doing)? else {
        return Ok(None);
    };
    let (mut journal, Replay { mut scheduler, .. }) = Replay::open(project, false)?;
    let now = journal.epoch().at(Timestamp::now()).max(scheduler.state().now);
    scheduler.observe(now);
    let run = scheduler.state().run.as_ref().map_or(RunId(0), |run| run.id);
    let recorded = match decide(&scheduler) {
        Ok(events) => Ok(journal.append(now, run, &events, Sync::Disk)?),
        Err(refusal) => Err(refusal),
    };
    drop(lock);
    Ok(Some(recorded))
}
