//! An oracle: what must hold after every step, recomputed from scratch. It runs in debug builds and in simulations.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::UnitId;

use super::dispatch::Room;
use crate::schedule::state::attempt::Attempt;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::{Outcome, PlanRun};
use crate::schedule::work::plans::{PlanWork, Work};

/// Panics when a limit is broken, or when work runs before what it depends on.
///
/// # Panics
///
/// On any broken rule, naming the plan. A broken rule is a bug in the scheduler, never in its input.
pub fn check(work: &Work, state: &State) {
    let mut running = 0;
    let at_work: Vec<usize> = (0..work.plans.len())
        .filter(|number| state.plans[*number].is_at_work())
        .collect();
    assert!(
        state.at_work.iter().eq(&at_work),
        "the index of plans at work is out of step"
    );
    for (number, plan) in work.plans.iter().enumerate() {
        let run = &state.plans[number];
        if !run.is_at_work() {
            continue;
        }
        let name = &plan.name;
        assert!(
            !matches!(
                run.outcome,
                Some(Outcome::Finished | Outcome::Failed(_) | Outcome::Skipped(_))
            ),
            "{name}: an attempt on a plan that has ended"
        );
        assert!(
            plan.by_units() || run.attempts.len() == 1,
            "{name}: several agents on one branch"
        );
        let mut files: BTreeMap<u32, UnitId> = BTreeMap::new();
        let mut given: BTreeSet<UnitId> = BTreeSet::new();
        for (lane, attempt) in &run.attempts {
            assert!(
                run.worktrees.contains_key(lane),
                "{name}: an attempt without a worktree"
            );
            running += usize::from(attempt.state.holds_slot());
            // A repair goes through units that are done, whatever they once waited for.
            if !attempt.repair {
                check_attempt(plan, attempt, &mut files);
            }
            for unit in &attempt.units {
                assert!(given.insert(*unit), "{name}.{unit} is worked on twice");
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

/// Panics when work is about to begin although something that it waits for, in its plan or in another, has not come. The rule
/// holds only at the start. A report may be lost later, when somebody removes the commits from the branch or there were none;
/// work that has begun by then continues from the pinned commit.
///
/// # Panics
///
/// On any closed gate and any dependency that is not met, naming the unit.
pub fn check_start(plan: &PlanWork, run: &PlanRun, state: &State, units: &[UnitId]) {
    let done = |unit: UnitId| run.is_unit_done(unit) || units.contains(&unit);
    let settled = |unit: UnitId| run.is_unit_settled(unit) || units.contains(&unit);
    for (id, unit) in units.iter().filter_map(|id| Some((id, plan.unit_place(*id)?))) {
        for dependency in plan.depends.iter().chain(&plan.units[unit].depends) {
            assert!(
                state.is_satisfied(dependency),
                "{}.{id}: begins before {dependency}, which it depends on",
                plan.name
            );
        }
        for gate in plan.waits.of(unit) {
            assert!(
                plan.is_open(gate, done, settled),
                "{}.{id}: begins although {:?} is closed",
                plan.name,
                plan.gates.get(gate)
            );
        }
    }
}

fn check_attempt(plan: &PlanWork, attempt: &Attempt, files: &mut BTreeMap<u32, UnitId>) {
    let name = &plan.name;
    for place in attempt.units.iter().filter_map(|id| plan.unit_place(*id)) {
        let unit = &plan.units[place];
        for file in unit.locks.iter().filter(|_| plan.by_units()) {
            let other = files.insert(*file, unit.id);
            assert!(
                other.is_none(),
                "{name}.{} and {name}.{other:?} touch the same file",
                unit.id
            );
        }
    }
}
