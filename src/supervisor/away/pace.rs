//! How many jobs an engine may be given within a time. Sites forbid to submit faster.

use std::collections::VecDeque;
use std::time::Duration;

use crate::plan::SubmitRate;

/// The last submissions to one engine.
#[derive(Debug, Clone)]
pub(super) struct SubmitPace {
    rate: SubmitRate,
    past: VecDeque<Duration>,
}

impl SubmitPace {
    /// No submissions so far.
    pub(super) fn new(rate: SubmitRate) -> Self {
        let past = VecDeque::new();
        Self { rate, past }
    }

    /// When the next job may be submitted; `None` when it may be now.
    pub(super) fn next(&mut self, now: Duration) -> Option<Duration> {
        while self.past.front().is_some_and(|past| *past + self.rate.per <= now) {
            self.past.pop_front();
        }
        let full = self.past.len() >= self.rate.count as usize;
        let oldest = self.past.front().filter(|_| full);
        oldest.map(|past| *past + self.rate.per)
    }

    /// A job is being submitted.
    pub(super) fn submitted(&mut self, now: Duration) {
        self.past.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_any_minute_there_are_at_most_so_many() {
        let second = Duration::from_secs;
        let mut pace = SubmitPace::new(SubmitRate {
            count: 2,
            per: second(60),
        });
        for at in [0, 10] {
            assert_eq!(pace.next(second(at)), None);
            pace.submitted(second(at));
        }
        assert_eq!(pace.next(second(11)), Some(second(60)));
        assert_eq!(pace.next(second(60)), None);
        pace.submitted(second(60));
        assert_eq!(pace.next(second(61)), Some(second(70)));
    }
}
