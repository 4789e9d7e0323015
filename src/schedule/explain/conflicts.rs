//! Foreseen conflicts, and plans that fail the verification when they are merged together.

use super::reason::Reason;
use crate::plan::PlanName;
use crate::schedule::merge::unions::live;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::{Outcome, PlanRun};

/// The foreseen conflicts of a plan. Nobody checks for conflicts once a plan is cancelled or has landed, so older forecasts about
/// such plans are left out.
pub(in crate::schedule) fn foreseen(state: &State, run: &PlanRun) -> impl Iterator<Item = Reason> {
    let is_over = |name: &PlanName| {
        let known = state.number(name).is_some();
        known && (state.is_landed(name) || state.plan(name).outcome == Some(Outcome::Cancelled))
    };
    let own = (run.outcome != Some(Outcome::Cancelled)).then_some(&run.foreseen);
    let open = own.into_iter().flatten();
    let open = open.filter(move |(with, _)| !with.parse::<PlanName>().is_ok_and(|name| is_over(&name)));
    open.map(|(with, files)| Reason::Foreseen {
        with: with.to_string(),
        files: files.clone(),
    })
}

/// The groups of other plans together with which this plan fails the verification.
pub(in crate::schedule) fn red_with<'a>(
    state: &'a State,
    run: &'a PlanRun,
) -> impl Iterator<Item = Reason> + 'a {
    live(state, run).map(|(with, why)| Reason::RedWith {
        with: with.clone(),
        why: why.clone(),
    })
}
