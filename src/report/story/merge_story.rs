//! The verifications of merges in a run.

use jiff::Timestamp;
use serde::Serialize;

use crate::plan::PlanName;
use crate::schedule::Event;

/// A verification of plans merged onto the target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MergeStory {
    /// When it had ended.
    pub at: Timestamp,
    /// The plans, in the order in which they were merged. Empty for the target alone.
    pub plans: Vec<PlanName>,
    /// True when it passed.
    pub green: bool,
    /// How long it took, in milliseconds; 0 when the verdict was known before.
    pub took_ms: u64,
    /// Why it failed; empty when it passed.
    pub why: String,
}

impl MergeStory {
    /// The verification of this event.
    pub(super) fn of(at: Timestamp, event: &Event) -> Option<Self> {
        let Event::MergeVerified(merge) = event else {
            return None;
        };
        let verdict = &merge.verdict;
        Some(Self {
            at,
            plans: merge.plans.clone(),
            green: verdict.green,
            took_ms: u64::try_from(verdict.took.as_millis()).unwrap_or(u64::MAX),
            why: verdict.why.clone(),
        })
    }
}
