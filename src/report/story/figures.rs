//! The figures of a run.

use jiff::Timestamp;
use serde::Serialize;

use crate::plan::Currency;

use super::attempt_story::{AttemptStory, Spending, between};
use super::chronicle::{PlanStory, RunStory};
use super::spell::SpellKind;

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
    /// The part of this in which plans waited for a person, and none for a time.
    pub waited_ms: u64,
    /// The part in which a plan waited for the end of a rate limit, an outage or a retry's delay.
    pub parked_ms: u64,
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
        let idle_ms = run.driven_ms.saturating_sub(busy);
        let (waited_ms, parked_ms) = idle_waits(run);
        Self {
            driven_ms: run.driven_ms,
            agent_ms,
            wasted_ms: failed().map(AttemptStory::took_ms).sum(),
            idle_ms,
            waited_ms: waited_ms.min(idle_ms),
            parked_ms: parked_ms.min(idle_ms),
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

/// Milliseconds in which a supervisor drove the run and no agent was at work: those in which plans only waited for a person, and those
/// in which one was parked.
fn idle_waits(run: &RunStory) -> (u64, u64) {
    let end = run.driven.iter().map(|(_, to)| *to).max();
    let plans = || run.plans.values();
    let attempts = plans().flat_map(|plan| &plan.attempts);
    let busy = attempts.filter_map(|attempt| Some((attempt.began?, attempt.ended.or(attempt.so_far)?)));
    let waits = |is_wanted: fn(SpellKind) -> bool| -> Vec<(Timestamp, Timestamp)> {
        let spells = plans().flat_map(|plan| &plan.spells);
        let wanted = spells.filter(|spell| is_wanted(spell.kind));
        wanted
            .filter_map(|spell| Some((spell.from, spell.to.or(end)?)))
            .collect()
    };
    let parked = waits(|kind| kind == SpellKind::Parked);
    let mut moments: Vec<(Timestamp, usize, i32)> = Vec::new();
    let of = [
        run.driven.clone(),
        busy.collect(),
        waits(SpellKind::is_for_person),
        parked,
    ];
    for (kind, spans) in of.into_iter().enumerate() {
        moments.extend(
            spans
                .into_iter()
                .flat_map(|(from, to)| [(from, kind, 1), (to, kind, -1)]),
        );
    }
    moments.sort_unstable();
    let (mut open, mut waited, mut parked) = ([0; 4], 0, 0);
    for pair in moments.windows(2) {
        let (at, kind, step) = pair[0];
        open[kind] += step;
        let [driven, busy, waits, limits] = open;
        let idle = if driven > 0 && busy <= 0 {
            between(at, pair[1].0)
        } else {
            0
        };
        if limits > 0 {
            parked += idle;
        } else if waits > 0 {
            waited += idle;
        }
    }
    (waited, parked)
}
