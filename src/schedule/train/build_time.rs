//! How long the verification of a merge takes.

use std::time::Duration;

use crate::schedule::event::merge_facts::Verdict;

/// The verifications so far whose command ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BuildTime {
    total: Duration,
    builds: u32,
}

impl BuildTime {
    /// Records a verdict. One that was known before took no time, and says nothing.
    pub fn note(&mut self, verdict: &Verdict) {
        if !verdict.known {
            self.total += verdict.took;
            self.builds += 1;
        }
    }

    /// The mean, zero when nothing was measured.
    pub fn mean(&self) -> Duration {
        self.total.checked_div(self.builds).unwrap_or_default()
    }
}
