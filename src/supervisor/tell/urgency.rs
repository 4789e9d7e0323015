//! Which events the hook `notify` reports, how urgent each is, and which were reported a moment ago.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::schedule::{Event, Failed};
use crate::words::because;

/// How soon somebody should react.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// When there is time: everything went well.
    Low,
    /// Something failed; the rest continues.
    Normal,
    /// Nothing continues until a person acts.
    High,
}

impl Urgency {
    /// The value of `ORCH_URGENCY` and of the event's `urgency`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}

/// The urgency of long waits, of final failures, and of the end of a run that nobody asked to stop.
pub fn urgency(event: &Event) -> Option<Urgency> {
    match event {
        Event::Escalated(_) => Some(Urgency::High),
        Event::TargetChecked(checked) => checked.why.is_some().then_some(Urgency::High),
        Event::RunStopped { resume, .. } => (!resume).then_some(Urgency::High),
        Event::PlanFailed(_) => Some(Urgency::Normal),
        Event::RunSettled {} => Some(Urgency::Low),
        _ => None,
    }
}

/// How long the same notice is not repeated.
const QUIET: Duration = Duration::from_secs(60 * 60);

/// When each notice was sent, in seconds since 1970: a service that starts runs again and again must not send the same notice
/// each time.
pub type NoticesSent = BTreeMap<String, i64>;

/// True when the event must be reported now; the report is then recorded. The core reports each wait once, and the end of a
/// successful run is always reported.
pub fn is_news(told: &mut NoticesSent, event: &Event, now: i64) -> bool {
    let quiet = i64::try_from(QUIET.as_secs()).unwrap_or(i64::MAX);
    told.retain(|_, at| now - *at < quiet);
    let key = match event {
        Event::RunStopped { why, .. } => format!("run.stopped {}", because(why)),
        // The first line identifies a failure, without the number of tries in brackets and without the output below.
        Event::PlanFailed(Failed { plan, why }) => {
            let why = because(why);
            let first = why.lines().next().unwrap_or_default();
            let first = first.split(" (").next().unwrap_or_default();
            format!("plan.failed {plan} {first}")
        }
        _ => return true,
    };
    told.insert(key, now).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(plan: &str, why: &str) -> Event {
        Event::PlanFailed(Failed {
            plan: plan.parse().unwrap(),
            why: why.into(),
        })
    }

    #[test]
    fn the_same_trouble_is_news_once_an_hour_and_other_trouble_at_once() {
        let mut told = NoticesSent::new();
        assert!(is_news(&mut told, &failed("a", "x"), 1_000));
        assert!(!is_news(&mut told, &failed("a", "x (attempt 2)\noutput"), 2_000));
        assert!(is_news(&mut told, &failed("b", "x"), 2_000));
        assert!(is_news(&mut told, &failed("a", "y"), 2_000));
        assert!(is_news(&mut told, &failed("a", "x"), 10_000));
        for _ in 0..2 {
            assert!(is_news(&mut told, &Event::RunSettled {}, 10_000));
        }
    }
}
