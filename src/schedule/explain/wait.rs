//! What a plan or a part of it waits for.

use std::collections::BTreeSet;

use super::reason::{DependencyState, PausedWork, WaitingFor};
use super::states::plan_state;
use crate::plan::{Dependency, PlanName, PlanState, Point, WorkRef};
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::ready::readiness::Readiness;
use crate::schedule::ready::wait::Wait;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::{Outcome, PlanRun, Verify};
use crate::schedule::work::plans::{PlanWork, Work};

pub(in crate::schedule) fn waiting(
    work: &Work,
    state: &State,
    plan: &PlanName,
    run: &PlanRun,
    wait: &Wait<'_>,
) -> WaitingFor {
    match wait {
        Wait::Plan(dependency) => {
            WaitingFor::Plan((*dependency).clone(), dependency_state(work, state, dependency))
        }
        Wait::Gate(gate, missing) => WaitingFor::Units {
            needed: gate.need.saturating_sub(gate.of().len() - missing.len()),
            missing: missing.clone(),
            why: gate.why,
        },
        Wait::Overlap(on, files) => {
            let reached = Dependency {
                on: on.clone(),
                landed: false,
            };
            WaitingFor::Overlap {
                stands: dependency_state(work, state, &reached),
                on: reached.on,
                files: files.to_vec(),
            }
        }
        Wait::Conflict(freeze) => WaitingFor::Conflict {
            of: freeze.of.clone(),
            files: freeze.files.iter().map(|file| (*file).to_owned()).collect(),
            by: freeze.by.cloned(),
        },
        Wait::Files(unit, files) => {
            let held = run.attempts.values().find(|attempt| attempt.units.contains(unit));
            WaitingFor::Files {
                unit: *unit,
                since: held
                    .map(|attempt| state.now.since(attempt.since))
                    .unwrap_or_default(),
                files: files.clone(),
            }
        }
        Wait::Approval(point) => WaitingFor::Approval(WorkRef::at(plan, *point)),
        Wait::Pause(point) => {
            let attached = *point == Point::Plan && run.hands.attached.is_some();
            let meanwhile = if attached {
                PausedWork::Attached
            } else {
                PausedWork::Idle
            };
            WaitingFor::Pause(WorkRef::at(plan, *point), meanwhile)
        }
        Wait::FailedCheck(check) => WaitingFor::FailedCheck(*check),
    }
}

/// The held or paused plan behind a dependency, which only a person can let continue, and its state.
fn blocker_behind(work: &Work, state: &State, waited: &PlanName) -> Option<(PlanName, PlanState)> {
    let mut seen = BTreeSet::new();
    let mut at = waited.clone();
    while seen.insert(at.clone()) {
        let plan = &work.plans[state.number(&at)?];
        match plan_state(work, state, &at) {
            found @ (PlanState::Held | PlanState::Paused) => return Some((at, found)),
            PlanState::Blocked => {
                let look = Readiness::new(plan, state.plan(&at), state);
                let waits = look.open().next().map(|unit| look.waits(unit))?;
                at = waits.iter().find_map(|wait| match wait {
                    Wait::Plan(dependency) => Some(dependency.on.plan.clone()),
                    Wait::Overlap(on, _) => Some(on.plan.clone()),
                    Wait::Conflict(freeze) => Some(freeze.of.plan.clone()),
                    _ => None,
                })?;
            }
            _ => return None,
        }
    }
    None
}

fn dependency_state(work: &Work, state: &State, dependency: &Dependency) -> DependencyState {
    let other = &dependency.on.plan;
    let run = state.plan(other);
    let refused = run.pins_refused.get(&dependency.on.point);
    if let Some(why) = refused.filter(|_| !dependency.landed) {
        return DependencyState::PinRefused(why.clone());
    }
    if state.is_satisfied(dependency) {
        return DependencyState::Pinning;
    }
    match &run.outcome {
        Some(Outcome::Finished) if matches!(run.merge_trouble, Some(MergeTrouble::Review { .. })) => {
            DependencyState::Unreviewed
        }
        Some(Outcome::Finished) if run.merge_trouble.as_ref().is_some_and(MergeTrouble::holds) => {
            DependencyState::CannotLand
        }
        Some(Outcome::Finished) if dependency.landed => DependencyState::NotMerged,
        Some(Outcome::Held(_)) => DependencyState::Stopped(other.clone(), PlanState::Held),
        _ => match blocker_behind(work, state, other) {
            Some((cause, is)) => DependencyState::Stopped(cause, is),
            None => DependencyState::Open,
        },
    }
}

/// The pauses of the plan and of its parts that still have an effect.
pub(in crate::schedule) fn other_pauses<'a>(
    plan: &'a PlanWork,
    run: &'a PlanRun,
) -> impl Iterator<Item = WaitingFor> + 'a {
    let counts = |point: &&Point| match point {
        Point::Plan => !run.has_given_up() && run.landed.is_empty(),
        Point::Phase(_) | Point::Task(_) => !run.has_settled() && !run.has_reached(**point),
    };
    run.paused.keys().filter(counts).map(|point| {
        let goes_on = run.is_at_work() || run.verify == Verify::Running;
        let attached = *point == Point::Plan && run.hands.attached.is_some();
        let meanwhile = match (goes_on, &run.outcome) {
            (false, _) if attached => PausedWork::Attached,
            (true, _) if run.paused.get(point) == Some(&true) => PausedWork::Stopping,
            (true, _) => PausedWork::GoesOn,
            (false, Some(Outcome::Finished)) => PausedWork::Finished,
            (false, _) => PausedWork::Idle,
        };
        WaitingFor::Pause(WorkRef::at(&plan.name, *point), meanwhile)
    })
}
