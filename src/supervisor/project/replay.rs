//! The state according to the journal.

use jiff::Timestamp;

use crate::graph::Durations;
use crate::journal::{Journal, Record};
use crate::plan::{PlanSet, RunId};
use crate::schedule::{Event, RunPhase, Scheduler, State, Work, history};
use crate::words::orch_message;

use super::error::SupervisorError;
use super::repository_plans::Project;

/// A journal that was replayed.
pub struct Replay {
    /// All measured durations, by plan, phase and task.
    pub durations: Durations,
    /// The state after the last record. The graph has the durations that were known when the run began, as in the supervisor that
    /// drives it.
    pub scheduler: Scheduler,
}

impl Replay {
    /// Replays these records. With `auto_merge`, finished plans land without being asked for.
    pub fn of(set: &PlanSet, records: &[Record], auto_merge: bool) -> Self {
        let events = || records.iter().map(|record| (record.at, &record.event));
        let durations = history::durations(set, events());
        let work = match begin_of_open_run(records) {
            all if all == records.len() => Work::new(set, &durations, auto_merge),
            before => Work::new(set, &history::durations(set, events().take(before)), auto_merge),
        };
        let mut scheduler = Scheduler::new(work);
        scheduler.word_messages(orch_message);
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

/// The number of records before the run that goes on; all of them when the last run is over.
fn begin_of_open_run(records: &[Record]) -> usize {
    let (mut open, mut merging) = (None, false);
    for (place, record) in records.iter().enumerate() {
        match &record.event {
            Event::RunStarted { run, merge_only, .. } => {
                merging = *merge_only;
                if !merging && open.is_none_or(|(known, _)| known != *run) {
                    open = Some((*run, place));
                }
            }
            // A merge beside a run that was interrupted does not end that run.
            Event::RunStopped { .. } if std::mem::take(&mut merging) => {}
            Event::RunStopped { resume: false, .. } | Event::RunSettled {} => open = None,
            _ => {}
        }
    }
    open.map_or(records.len(), |(_, place)| place)
}

/// The run that `orch up` continues, or a new one.
pub fn next_run(state: &State) -> RunId {
    match (&state.run, state.phase) {
        (None, _) => RunId(1),
        (Some(run), RunPhase::Settled | RunPhase::Stopped { resume: false }) => RunId(run.id.0 + 1),
        (Some(run), _) => run.id,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::schedule::At;

    #[test]
    fn what_a_run_that_goes_on_measured_is_not_counted_as_known_before_it() {
        let started = |run: u32, merge_only| Event::RunStarted {
            run: RunId(run),
            base: "ab".repeat(20).parse().unwrap(),
            target: "main".to_owned(),
            only: Vec::new(),
            merge_only,
        };
        let stopped = |resume| Event::RunStopped {
            why: "".into(),
            resume,
        };
        let before = |events: Vec<Event>| {
            let record = |event| Record {
                seq: 1,
                at: At::default(),
                wall: Timestamp::UNIX_EPOCH,
                run: RunId(1),
                event,
            };
            let records: Vec<Record> = events.into_iter().map(record).collect();
            begin_of_open_run(&records)
        };
        assert_eq!(before(vec![]), 0);
        assert_eq!(before(vec![started(1, false)]), 0);
        assert_eq!(before(vec![started(1, false), Event::RunSettled {}]), 2);
        assert_eq!(
            before(vec![started(1, false), stopped(false), started(2, false)]),
            2
        );
        assert_eq!(
            before(vec![started(1, false), stopped(true), started(1, false)]),
            0
        );
        let merge = [started(1, true), stopped(false)];
        assert_eq!(
            before([vec![started(1, false), stopped(true)], merge.to_vec()].concat()),
            0
        );
    }
}
