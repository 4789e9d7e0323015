//! The state according to the journal.

use jiff::Timestamp;

use crate::graph::Durations;
use crate::journal::{Journal, Record};
use crate::plan::{PlanSet, RunId};
use crate::schedule::{RunPhase, Scheduler, State, Work, history};

use super::error::SupervisorError;
use super::repository_plans::Project;

/// A journal that was replayed.
pub struct Replay {
    /// Earlier durations, by plan, phase and task.
    pub durations: Durations,
    /// The state after the last record, with the graph for these durations.
    pub scheduler: Scheduler,
}

impl Replay {
    /// Replays these records. With `auto_merge`, finished plans land without being asked for.
    pub fn of(set: &PlanSet, records: &[Record], auto_merge: bool) -> Self {
        let events = || records.iter().map(|record| (record.at, &record.event));
        let durations = history::durations(events());
        let mut scheduler = Scheduler::new(Work::new(set, &durations, auto_merge));
        scheduler.replay(events());
        Self { durations, scheduler }
    }

    /// Opens a repository's journal for writing, and replays it.
    ///
    /// # Errors
    ///
    /// When the journal cannot be opened or read.
    pub fn open(project: &Project, auto_merge: bool) -> Result<(Journal, Self), SupervisorError> {
        let journal = Journal::open(&project.dir, Timestamp::now())?;
        let records = journal.read_all()?;
        Ok((journal, Self::of(&project.set, &records, auto_merge)))
    }
}

/// The run that `orch up` continues, or a new one.
pub fn next_run(state: &State) -> RunId {
    match (&state.run, state.phase) {
        (None, _) => RunId(1),
        (Some(run), RunPhase::Settled | RunPhase::Stopped { resume: false }) => RunId(run.id.0 + 1),
        (Some(run), _) => run.id,
    }
}
