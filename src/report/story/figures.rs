//! The figures of a run.

use jiff::Timestamp;
use serde::Serialize;

use crate::plan::Currency;

use super::attempt_story::{AttemptStory, Spending, between};
use super::chronicle::{PlanStory, RunStory};

/// The figures of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Milliseconds in which a supervisor drove it.
    pub driven_ms: u64,
    /// Milliseconds in which agents were at work, summed over all of them.
    pub agent_ms: u64,
    /// The part of this that was spent on insufficient attempts.
    pub wasted_ms: u64,
    /// Milliseconds in which no agent was at work while the run was driven.
    pub idle_ms: u64,
    /// Attempts.
    pub attempts: usize,
    /// Insufficient attempts.
    pub failed_attempts: usize,
    /// The most agents running at once.
    pub peak: usize,
    /// The average number of running agents; 0 when nothing was driven.
    pub mean: f64,
    /// The usage.
    pub spent: Spending,
    /// The currency of the cost.
    pub currency: Currency,
}

impl Figures {
    /// The figures of this run.
    pub fn of(run: &RunStory) -> Self {
        let attempts = || run.plans.values().flat_map(|plan| &plan.attempts);
        let mut moments: Vec<(Timestamp, i32)> = Vec::new();
        for attempt in attempts() {
            if let (Some(began), Some(ended)) = (attempt.began, attempt.ended.or(attempt.so_far)) {
                moments.extend([(began, 1), (ended, -1)]);
            }
        }
        // At equal times, ends sort before starts.
        moments.sort_unstable();
        let (mut now, mut peak, mut busy, mut since) = (0, 0, 0, None);
        for (at, step) in moments {
            if let Some(since) = since.filter(|_| now > 0) {
                busy += between(since, at);
            }
            now += step;
            peak = peak.max(now);
            since = Some(at);
        }
        let agent_ms: u64 = attempts().map(AttemptStory::took_ms).sum();
        let failed = || attempts().filter(|attempt| attempt.failed.is_some());
        Self {
            driven_ms: run.driven_ms,
            agent_ms,
            wasted_ms: failed().map(AttemptStory::took_ms).sum(),
            idle_ms: run.driven_ms.saturating_sub(busy),
            attempts: attempts().count(),
            failed_attempts: failed().count(),
            peak: usize::try_from(peak).unwrap_or(0),
            mean: match run.driven_ms {
                0 => 0.0,
                driven => agent_ms as f64 / driven as f64,
            },
            currency: run.currency,
            spent: run
                .plans
                .values()
                .map(PlanStory::spent)
                .fold(Spending::default(), Spending::plus),
        }
    }
}
