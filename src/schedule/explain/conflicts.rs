//! Conflicts that are foreseen, and branches that do not go together, as reasons.

use super::reason::Reason;
use crate::plan::PlanName;
use crate::schedule::merge::unions::{listed, live, shortened};
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::{Outcome, PlanRun};

/// The foreseen conflicts of a plan, as reasons. A cancelled or landed plan has none: nothing updates them.
pub(in crate::schedule) fn foreseen(state: &State, run: &PlanRun) -> impl Iterator<Item = Reason> {
    let is_over = |name: &PlanName| {
        let known = state.number(name).is_some();
        known && (state.is_landed(name) || state.plan(name).outcome == Some(Outcome::Cancelled))
    };
    let own = (run.outcome != Some(Outcome::Cancelled)).then_some(&run.foreseen);
    let open = own.into_iter().flatten();
    let open = open.filter(move |(with, _)| !with.parse::<PlanName>().is_ok_and(|name| is_over(&name)));
    open.map(|(with, files)| {
        Reason::with_remedy(
            format!("a conflict with {with} is foreseen: {}", files.join(", ")),
            "orch conflicts",
        )
    })
}

/// The red unions of a plan, as reasons.
pub(in crate::schedule) fn red_with(state: &State, run: &PlanRun) -> Vec<Reason> {
    let reason = |(with, why): (&Vec<PlanName>, &String)| {
        Reason::with_remedy(
            format!(
                "together with {} it does not pass: {}",
                listed(with),
                shortened(why)
            ),
            "a warning from branches as they stood: fix one of them, or let both agree (orch send)",
        )
    };
    live(state, run).map(reason).collect()
}
