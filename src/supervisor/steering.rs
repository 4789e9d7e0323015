//! Steering: what a person asks for becomes facts, beside a running supervisor or without one.

use jiff::Timestamp;

use crate::journal::{Journal, Record, RepositoryLock, Sync};
use crate::plan::{RunId, WorkRef};
use crate::schedule::{Event, Input, Scheduler, State, Steer, SteerRefusal, Work, history, steer};

use super::engine::Engine;
use super::{Campaign, SupervisorError};

impl Engine<'_> {
    /// Does what is asked of all of these, or of none of them. Returns why not.
    pub(super) fn steer(
        &mut self,
        what: &[WorkRef],
        asked: Steer,
    ) -> Result<Option<SteerRefusal>, SupervisorError> {
        match all(&self.scheduler, what, asked) {
            Ok(events) => {
                self.handle(events.into_iter().map(Input::Event).collect())?;
                Ok(None)
            }
            Err(refusal) => Ok(Some(refusal)),
        }
    }
}

/// The facts of all requests, each seeing what the ones before it changed.
fn all(scheduler: &Scheduler, what: &[WorkRef], asked: Steer) -> Result<Vec<Event>, SteerRefusal> {
    let mut state: State = scheduler.state().clone();
    let mut events = Vec::new();
    for work in what {
        let new = steer(scheduler.work(), &state, work, asked)?;
        for event in &new {
            state.apply(state.now, event);
        }
        events.extend(new);
    }
    Ok(events)
}

/// Records what is asked while no supervisor is at work; it takes effect with the next `orch up`. None when somebody else
/// holds the repository meanwhile.
///
/// # Errors
///
/// When the journal cannot be read or written.
pub fn record_steering(
    campaign: &Campaign,
    what: &[WorkRef],
    asked: Steer,
) -> Result<Option<Result<Vec<Record>, SteerRefusal>>, SupervisorError> {
    record(campaign, asked.as_str(), |scheduler| all(scheduler, what, asked))
}

/// Records what follows from the state while no supervisor is at work. None when somebody else holds the repository
/// meanwhile.
pub(super) fn record(
    campaign: &Campaign,
    doing: &str,
    decide: impl FnOnce(&Scheduler) -> Result<Vec<Event>, SteerRefusal>,
) -> Result<Option<Result<Vec<Record>, SteerRefusal>>, SupervisorError> {
    let Ok(lock) = RepositoryLock::take(&campaign.dir, doing)? else {
        return Ok(None);
    };
    let mut journal = Journal::open(&campaign.dir, Timestamp::now())?;
    let records = journal.read_all()?;
    let durations = history::durations(records.iter().map(|record| (record.at, &record.event)));
    let mut scheduler = Scheduler::new(Work::new(&campaign.set, &durations, false));
    scheduler.replay(records.iter().map(|record| (record.at, &record.event)));
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
