//! An oracle: what must hold after every step, recomputed from scratch. It runs in debug builds and in simulations.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::Why;
use crate::plan::{Dependency, PlanName, UnitId, WorkRef};

use super::dispatch::Room;
use super::{file_turns, freeze};
use crate::schedule::state::attempt::Attempt;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::{Outcome, PlanRun};
use crate::schedule::work::locality::Locality;
use crate::schedule::work::plans::{PlanWork, Work};

/// A broken rule. It is a bug in the scheduler, never in its input.
#[derive(Debug)]
#[expect(dead_code, reason = "a panic prints the fields")]
pub(in crate::schedule) enum BrokenRule {
    /// The index of plans at work lists other plans than those at work.
    PlansAtWork(Vec<usize>),
    /// The index of the plan's units is out of step with the state.
    UnitIndex(PlanName),
    /// There is an attempt on a plan that has ended.
    AttemptAfterEnd(PlanName),
    /// Several agents work on the plan's only branch.
    SharedBranch(PlanName),
    /// An attempt has no worktree.
    NoWorktree(PlanName),
    /// Two attempts work on the unit.
    SharedUnit(PlanName, UnitId),
    /// Two units at work touch the same file.
    SharedFile(PlanName, UnitId, UnitId),
    /// More agents run than there are slots.
    TooManyAgents { running: usize, slots: usize },
    /// The unit begins before its dependency is met.
    Dependency(PlanName, UnitId, Dependency),
    /// The unit begins although work of another plan in the same files comes first.
    Turn(PlanName, UnitId, WorkRef),
    /// The unit begins although another plan has a conflict in its files.
    Frozen(PlanName, UnitId, WorkRef),
    /// The unit begins although a gate is closed.
    Gate(PlanName, UnitId, Why),
}

/// Checks that no limit is broken and that no two attempts are in each other's way.
///
/// # Errors
///
/// With the first broken rule.
pub(in crate::schedule) fn check(work: &Work, state: &State) -> Result<(), BrokenRule> {
    let mut running = 0;
    let at_work = (0..work.plans.len()).filter(|number| state.plans[*number].is_at_work());
    let at_work: Vec<usize> = at_work.collect();
    if !state.at_work.iter().eq(&at_work) {
        return Err(BrokenRule::PlansAtWork(at_work));
    }
    for (number, plan) in work.plans.iter().enumerate() {
        let run = &state.plans[number];
        if !run.is_at_work() {
            continue;
        }
        let name = || plan.name.clone();
        if let Some(Outcome::Finished | Outcome::Failed(_) | Outcome::Skipped(_)) = run.outcome {
            return Err(BrokenRule::AttemptAfterEnd(name()));
        }
        if !plan.by_units() && run.attempts.len() != 1 {
            return Err(BrokenRule::SharedBranch(name()));
        }
        let mut files: BTreeMap<u32, UnitId> = BTreeMap::new();
        let mut given: BTreeSet<UnitId> = BTreeSet::new();
        for (lane, attempt) in &run.attempts {
            if !run.worktrees.contains_key(lane) {
                return Err(BrokenRule::NoWorktree(name()));
            }
            let here = work.locality(plan, &attempt.agent) == Locality::Here;
            running += usize::from(attempt.state.holds_slot() && here);
            // A repair goes through units that are done, whatever they once waited for.
            if !attempt.repair {
                check_files(plan, attempt, &mut files)?;
            }
            if let Some(twice) = attempt.units.iter().find(|unit| !given.insert(**unit)) {
                return Err(BrokenRule::SharedUnit(name(), *twice));
            }
        }
    }
    // A manifest may be edited between runs to allow less than what is still running.
    let room = Room::left(work, state);
    let slots = work.slots;
    if running > slots && room.slots != 0 {
        return Err(BrokenRule::TooManyAgents { running, slots });
    }
    Ok(())
}

/// Checks that everything which the units wait for has come, in their plan and in others, when work on them is about to begin.
/// The rule holds only at the start. A report may be lost later, when somebody removes the commits from the branch or there were
/// none; work that has begun by then continues from the pinned commit.
///
/// # Errors
///
/// With the first dependency that is not met, or the first closed gate.
pub(in crate::schedule) fn check_start(
    plan: &PlanWork,
    run: &PlanRun,
    state: &State,
    units: &[UnitId],
) -> Result<(), BrokenRule> {
    let done = |unit: UnitId| run.is_unit_done(unit) || units.contains(&unit);
    let settled = |unit: UnitId| run.is_unit_settled(unit) || units.contains(&unit);
    for (id, unit) in units.iter().filter_map(|id| Some((id, plan.unit_place(*id)?))) {
        let mut depends = plan.depends.iter().chain(&plan.units[unit].depends);
        if let Some(open) = depends.find(|dependency| !state.is_satisfied(dependency)) {
            return Err(BrokenRule::Dependency(plan.name.clone(), *id, open.clone()));
        }
        if let Some(freeze) = freeze::of_unit(plan, run, state, &plan.units[unit]).next() {
            return Err(BrokenRule::Frozen(plan.name.clone(), *id, freeze.of));
        }
        for after in [&plan.after, &plan.units[unit].after] {
            if let Some((on, _)) = file_turns::open(plan, after, state).next() {
                return Err(BrokenRule::Turn(plan.name.clone(), *id, on));
            }
        }
        for gate in plan.waits.of(unit) {
            if !plan.is_open(gate, done, settled) {
                return Err(BrokenRule::Gate(plan.name.clone(), *id, plan.gates.get(gate).why));
            }
        }
    }
    Ok(())
}

fn check_files(
    plan: &PlanWork,
    attempt: &Attempt,
    files: &mut BTreeMap<u32, UnitId>,
) -> Result<(), BrokenRule> {
    // The work of a person is done when it is reported, and only judged beside agents.
    if attempt.is_by_hand() {
        return Ok(());
    }
    for place in attempt.units.iter().filter_map(|id| plan.unit_place(*id)) {
        let unit = &plan.units[place];
        for file in unit.locks.iter().filter(|_| plan.by_units()) {
            if let Some(other) = files.insert(*file, unit.id) {
                return Err(BrokenRule::SharedFile(plan.name.clone(), unit.id, other));
            }
        }
    }
    Ok(())
}
