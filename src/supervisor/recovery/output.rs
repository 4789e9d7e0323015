//! The facts in the output of an attempt.

use jiff::Timestamp;

use crate::agent::JobFolder;
use crate::journal::OrchDir;
use crate::plan::{AttemptId, PlanName};
use crate::schedule::{AgentUsage, Event};

/// The facts in the attempt's output so far, if any.
pub fn usage(dir: &OrchDir, plan: &PlanName, attempt: &AttemptId) -> Option<Event> {
    let facts = JobFolder::new(dir.attempt(attempt)).facts()?;
    let until = facts.obstacle.as_ref().and_then(|obstacle| obstacle.until);
    let resets_in_ms = until.map(|until| {
        let ahead = until
            .saturating_mul(1000)
            .saturating_sub(Timestamp::now().as_millisecond());
        u64::try_from(ahead).unwrap_or(0)
    });
    Some(Event::AgentUsage(AgentUsage {
        plan: plan.clone(),
        attempt: attempt.clone(),
        facts,
        resets_in_ms,
    }))
}
