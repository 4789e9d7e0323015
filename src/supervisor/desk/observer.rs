//! An observer of events: progress bars, plain lines, JSON.

use crate::journal::Record;
use crate::schedule::Scheduler;

/// A reader of the one stream of records.
pub trait Observer: Send {
    /// New records are in the journal, and the state includes them.
    fn recorded(&mut self, records: &[Record], scheduler: &Scheduler);

    /// The run can only continue after a person acts, and waits for that.
    fn awaits(&mut self, _scheduler: &Scheduler) {}

    /// The supervisor ends.
    fn ended(&mut self, _scheduler: &Scheduler) {}
}

/// An observer that ignores everything.
#[derive(Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn recorded(&mut self, _: &[Record], _: &Scheduler) {}
}
