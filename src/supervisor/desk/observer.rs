//! An observer of events: progress bars, plain lines, JSON.

use crate::journal::Record;
use crate::schedule::Scheduler;

/// A reader of the one stream of records.
pub trait Observer: Send {
    /// New records are in the journal, and the state is what follows from them.
    fn recorded(&mut self, records: &[Record], scheduler: &Scheduler);

    /// Nothing more happens without a person, and the run waits for one.
    fn awaits(&mut self, _scheduler: &Scheduler) {}

    /// The supervisor ends.
    fn ended(&mut self, _scheduler: &Scheduler) {}
}

/// Hears nothing.
#[derive(Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn recorded(&mut self, _: &[Record], _: &Scheduler) {}
}
