//! The first line of `orch status`: how many plans are in which state, when all is done, and what it cost.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::plan::PlanState;
use crate::schedule::money;
use crate::supervisor::StatusView;

use super::count::count;
use super::span::span;

/// In the order in which they are shown.
const STATES: [PlanState; 11] = [
    PlanState::Running,
    PlanState::Ready,
    PlanState::Blocked,
    PlanState::Parked,
    PlanState::Paused,
    PlanState::Held,
    PlanState::Failed,
    PlanState::Skipped,
    PlanState::Cancelled,
    PlanState::Finished,
    PlanState::Landed,
];

/// `12 plans: 1 needs you, 3 running, 2 ready, 6 landed · done in about 1h 40m (1h 20m to 2h 5m) · cost 14.20`.
pub fn count_line(view: &StatusView) -> String {
    let asking: BTreeSet<_> = view
        .attention
        .iter()
        .filter_map(|item| item.plan.as_ref())
        .collect();
    let asking = match asking.len() {
        0 => None,
        1 => Some("1 needs you".to_owned()),
        more => Some(format!("{more} need you")),
    };
    let states = STATES.iter().filter_map(|state| {
        let plans = view.plans.iter().filter(|plan| plan.state == *state).count();
        (plans > 0).then(|| format!("{plans} {state}"))
    });
    let states: Vec<String> = asking.into_iter().chain(states).collect();
    let mut parts = vec![format!(
        "{}: {}",
        count(view.plans.len(), "plan"),
        states.join(", ")
    )];
    parts.extend(view.eta_s.map(|eta| {
        let time = |seconds: u64| span(Duration::from_secs(seconds));
        let range = view
            .eta_range_s
            .filter(|(from, to)| time(*from) != time(*to))
            .map(|(from, to)| format!(" ({} to {})", time(from), time(to)));
        format!("done in about {}{}", time(eta), range.unwrap_or_default())
    }));
    parts.extend(view.cost.map(|_| {
        let micros = view.spent.exact().micros.unwrap_or_default();
        format!("cost {}", money(micros))
    }));
    parts.join(" · ")
}
