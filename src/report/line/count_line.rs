//! The first line of `orch status`: the number of plans in each state, when everything will be done, and
//! the cost.

use std::collections::BTreeSet;
use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use crate::plan::PlanState;
use crate::supervisor::{PlanView, RunView, StatusView};
use crate::words::{cost, rough};

use crate::report::text::count::count;

/// The states of plans in the order in which they are shown.
pub const STATES: [PlanState; 11] = [
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

/// `12 plans: 1 needs you, 3 running, 2 ready, 6 landed · done in about 1h 40m (1h 20m to 2h 5m) · $14.20`.
/// Split into two lines when it is wider than `columns`.
pub fn count_line(view: &StatusView, columns: usize) -> String {
    let (counts, figures) = counts_and_figures(view);
    match counts.width() + figures.width() <= columns {
        true => format!("{counts}{figures}"),
        false => format!("{counts}\n  {}", figures.trim_start_matches(" · ")),
    }
}

/// The two halves of the line.
pub fn counts_and_figures(view: &StatusView) -> (String, String) {
    let about = |is_message: bool| -> BTreeSet<_> {
        let items = view.attention.iter();
        let items = items.filter(|item| (item.kind == "message") == is_message);
        items.filter_map(|item| item.plan.as_ref()).collect()
    };
    let (asking, writing) = (about(false), about(true));
    // A message to the lead holds nothing up: its plan counts by its state.
    let asks = |plan: &PlanView| {
        let unread = plan.state == PlanState::Held && writing.contains(&plan.name);
        unread || asking.contains(&plan.name)
    };
    let plans = view.plans.iter();
    let plans: Vec<_> = plans.map(|plan| (plan.state, asks(plan))).collect();
    let cost = view.cost.map(|amount| cost(amount, view.spent.currency));
    let driven = matches!(view.state, RunView::Running | RunView::Stopping);
    let figures = figures(view.eta_s, view.eta_range_s, driven, cost);
    (counts(&plans), figures)
}

/// `12 plans: 1 needs you, 3 running, 2 ready, 6 landed`, from the state of each plan and whether it needs a person. Each counts once.
pub fn counts(plans: &[(PlanState, bool)]) -> String {
    let asking = match plans.iter().filter(|(_, asks)| *asks).count() {
        0 => None,
        1 => Some("1 needs you".to_owned()),
        more => Some(format!("{more} need you")),
    };
    let states = STATES.iter().filter_map(|state| {
        let plans = plans.iter().filter(|plan| **plan == (*state, false)).count();
        (plans > 0).then(|| format!("{plans} {state}"))
    });
    let states: Vec<String> = asking.into_iter().chain(states).collect();
    format!("{}: {}", count(plans.len(), "plan"), states.join(", "))
}

/// ` · done in about 1h 40m (1h 20m to 2h 5m) · $14.20`, from seconds and an amount with its currency.
/// Without a supervisor, nothing is on its way: `12 plans: 3 ready · takes about 1h 40m`.
pub fn figures(eta: Option<u64>, range: Option<(u64, u64)>, driven: bool, cost: Option<String>) -> String {
    let time = |seconds: u64| rough(Duration::from_secs(seconds.max(1)));
    let mut text = String::new();
    if let Some(eta) = eta {
        let words = if driven { "done in" } else { "takes" };
        text += &format!(" · {words} about {}", time(eta));
        if let Some((from, to)) = range.filter(|(from, to)| time(*from) != time(*to)) {
            text += &format!(" ({} to {})", time(from), time(to));
        }
    }
    if let Some(cost) = cost {
        text += &format!(" · {cost}");
    }
    text
}
