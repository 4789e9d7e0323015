//! Since when a plan has been in its state.

use super::states::plan_state;
use crate::plan::{Dependency, PlanName, PlanState, Point};
use crate::schedule::event::at::At;
use crate::schedule::state::known::State;
use crate::schedule::work::files_in_turn::FilesInTurn;
use crate::schedule::work::plans::{PlanWork, Work};

/// Since when the plan has been in its state. `None` for a plan of which no run has heard.
///
/// Nothing is recorded when a plan no longer waits for others. It is ready, or waits for a person, since the last of them was done.
pub fn in_state_since(work: &Work, state: &State, name: &PlanName) -> Option<At> {
    let run = state.plan(name);
    let is_new = run.since == At::default() && run.is_untouched();
    if is_new {
        return None;
    }
    let met = match plan_state(work, state, name) {
        PlanState::Ready | PlanState::Held if run.outcome.is_none() => {
            let plan = state.number(name).map(|number| &work.plans[number]);
            plan.and_then(|plan| last_met(plan, state))
        }
        _ => None,
    };
    Some(met.map_or(run.since, |met| met.max(run.since)))
}

/// When the last dependency of the plan that is met was met.
fn last_met(plan: &PlanWork, state: &State) -> Option<At> {
    let met = |dependency: &Dependency| {
        let other = state.plan(&dependency.on.plan);
        match dependency.on.point {
            _ if dependency.landed => Some(other.since),
            Point::Plan => other.phases_done.values().max().copied(),
            Point::Phase(phase) => other.phases_done.get(&phase).copied(),
            Point::Task(task) => other.items.get(&task.into()).map(|item| item.since),
        }
    };
    let depends = plan
        .all_depends()
        .filter(|dependency| state.is_satisfied(dependency));
    let turns = plan.all_turns().flat_map(FilesInTurn::points);
    let turns = turns.map(|on| Dependency { on, landed: false });
    let turns = turns.filter(|turn| state.is_satisfied(turn));
    let after = turns.filter_map(|turn| met(&turn));
    depends.filter_map(met).chain(after).max()
}
