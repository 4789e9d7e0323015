//! An oracle: what must hold after every step, recomputed from scratch. It runs in debug builds and in simulations.

use std::collections::BTreeMap;

use super::dispatch::Room;
use super::plan_run::{Outcome, Stage};
use super::state::State;
use super::work::Work;

/// Panics when a limit is broken, or when work runs before what it depends on.
///
/// # Panics
///
/// On any broken rule, naming the plan: it is a bug of the scheduler, never of its input.
pub fn check(work: &Work, state: &State) {
    let mut running = 0;
    let mut per_agent: BTreeMap<_, usize> = BTreeMap::new();
    for plan in &work.plans {
        let run = state.plan(&plan.name);
        let Some(attempt) = &run.attempt else {
            continue;
        };
        assert!(
            run.worktree.is_some(),
            "{}: an attempt without a worktree",
            plan.name
        );
        assert!(
            !matches!(
                run.outcome,
                Some(Outcome::Finished | Outcome::Failed(_) | Outcome::Skipped(_))
            ),
            "{}: an attempt on a plan that has ended",
            plan.name
        );
        if !attempt.stage.holds_slot() {
            continue;
        }
        running += 1;
        *per_agent.entry(&attempt.agent).or_default() += 1;
        // A repair goes through phases that are done, whatever they once waited for.
        if !attempt.repair && (attempt.stage == Stage::Assigned || attempt.stage == Stage::Running) {
            let leg = plan
                .phases
                .iter()
                .filter(|phase| attempt.phases.contains(&phase.id));
            for dependency in plan.depends.iter().chain(leg.flat_map(|phase| &phase.depends)) {
                assert!(
                    state.is_satisfied(dependency),
                    "{}: runs before {dependency}, which it depends on",
                    plan.name
                );
            }
        }
    }
    // A manifest may be edited between runs to allow less than what is still running.
    let room = Room::left(work, state);
    assert!(
        running <= work.slots || room.slots == 0,
        "{running} agents in {} slots",
        work.slots
    );
}
