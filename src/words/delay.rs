//! The moment that work waits for, in words.

use std::time::Duration;

use super::list::{clause, rough};
use super::reason_text::ReasonText;
use super::why::{because, obstacle};
use crate::plan::PlanName;
use crate::schedule::DelayReason;

pub(super) fn delay(delay: &DelayReason, plan: &PlanName) -> ReasonText {
    let soon = |left: &Duration| rough((*left).max(Duration::from_secs(1)));
    match delay {
        DelayReason::Parked {
            kind,
            why,
            left,
            times,
        } => {
            let times = match times {
                0 | 1 => String::new(),
                times => format!(" ({times} times in a row by now)"),
            };
            ReasonText::with_remedy(
                format!(
                    "{}: {}; it continues in {}{times}",
                    obstacle(*kind),
                    clause(why),
                    soon(left)
                ),
                format!("orch retry {plan} continues at once"),
            )
        }
        DelayReason::Retry {
            attempt,
            left,
            failure,
        } => ReasonText::plain(format!(
            "attempt {attempt} starts in {:.0} s: {}",
            left.as_secs_f64().ceil(),
            failure
                .as_ref()
                .map_or_else(|| "an attempt failed".to_owned(), because)
        )),
        DelayReason::AgentLimited { agent, why, left } => ReasonText::plain(format!(
            "agent {agent} is rate limited: {}; it is used again in {}",
            clause(why),
            soon(left)
        )),
    }
}
