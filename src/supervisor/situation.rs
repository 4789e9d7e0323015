//! Reading the journal, for those who look.

use jiff::Timestamp;

use crate::journal::{JournalReader, OrchDir, RepositoryLock};
use crate::plan::PlanSet;
use crate::schedule::{Scheduler, Work, history};

use super::landed_by_hand::landed_by_hand;
use super::{Campaign, Situation, SupervisorError};

impl Situation {
    /// Reads the journal, whether a supervisor runs or not. Changes nothing.
    ///
    /// # Errors
    ///
    /// When the journal is there and cannot be read.
    pub fn look(campaign: &Campaign) -> Result<Self, SupervisorError> {
        let driven = RepositoryLock::holder(&campaign.dir)?.is_some();
        let mut situation = Self {
            driven,
            ..Self::of_journal(&campaign.dir, &campaign.set)?
        };
        if let Some(epoch) = situation.epoch {
            let now = epoch.at(Timestamp::now());
            // Shown at once, and written down by the next supervisor.
            let mut found = landed_by_hand(campaign, situation.scheduler.state()).unwrap_or_default();
            found.retain(|found| situation.scheduler.take(now, found));
            situation.found = found;
        }
        Ok(situation)
    }

    /// As [`Situation::look`], by the journal alone: what a person has landed by hand does not show, nor whether a supervisor
    /// is at work. In a sandbox with processes of its own its lock is seen, and not whose it is.
    ///
    /// # Errors
    ///
    /// When the journal is there and cannot be read.
    pub fn of_journal(dir: &OrchDir, set: &PlanSet) -> Result<Self, SupervisorError> {
        let reader = JournalReader::open(dir)?;
        let records = match &reader {
            Some(reader) => reader.after(0, None)?,
            None => Vec::new(),
        };
        let durations = history::durations(records.iter().map(|record| (record.at, &record.event)));
        let mut scheduler = Scheduler::new(Work::new(set, &durations, false));
        let mut epoch = None;
        if let Some(reader) = reader {
            scheduler.replay(records.iter().map(|record| (record.at, &record.event)));
            epoch = Some(reader.epoch());
            // Time goes on after the last record: a delay that is over is over.
            scheduler.observe(reader.epoch().at(Timestamp::now()));
        }
        Ok(Self {
            scheduler,
            found: Vec::new(),
            epoch,
            driven: false,
            durations,
        })
    }
}
