//! Where a run stands: under way, over, or one in which there was nothing to do.

use jiff::Timestamp;

use super::chronicle::{RunStory, between};

impl RunStory {
    /// It is under way: what has no end yet has lasted until now.
    pub fn under_way(&mut self, now: Timestamp) {
        if let Some(last) = self.ended {
            self.driven_ms += between(last, now);
        }
        self.goes_on = true;
        let attempts = self.plans.values_mut().flat_map(|plan| &mut plan.attempts);
        for attempt in attempts.filter(|attempt| attempt.ended.is_none()) {
            attempt.so_far = Some(now);
        }
    }

    /// How it ended, in words, or that it did not.
    pub fn ending_words(&self) -> &str {
        match (&self.ending, self.goes_on) {
            (Some(ending), _) => ending,
            (None, true) => "it is running",
            (None, false) => "its supervisor was killed; `orch up` continues",
        }
    }

    /// True when agents worked in it, or were to.
    pub fn had_work(&self) -> bool {
        self.plans.values().any(|plan| !plan.attempts.is_empty())
    }

    /// True when nothing came of it: all had settled before.
    pub fn did_nothing(&self) -> bool {
        !self.goes_on && self.plans.is_empty() && self.warnings.is_empty()
    }
}
