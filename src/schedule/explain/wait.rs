//! The waits of a plan or a part of it, in words.

use std::collections::BTreeSet;

use super::outcome::again;
use super::reason::Reason;
use super::states::plan_state;
use crate::graph::Why;
use crate::plan::{Dependency, PlanName, PlanState, Point, WorkRef};
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::ready::readiness::{Readiness, Wait};
use crate::schedule::state::known::{RunPhase, State};
use crate::schedule::state::plan_run::{Outcome, PlanRun, Verify};
use crate::schedule::work::plans::{PlanWork, Work};

pub(in crate::schedule) fn waiting(
    work: &Work,
    state: &State,
    plan: &PlanName,
    run: &PlanRun,
    wait: &Wait<'_>,
) -> Reason {
    match wait {
        Wait::Plan(dependency) => waiting_for_plan(work, state, dependency),
        Wait::Gate(gate, missing) => {
            let ids: Vec<String> = missing.iter().map(ToString::to_string).collect();
            let ids = crate::schedule::event::words::listed(&ids);
            let open = missing.len();
            let needed = gate.need.saturating_sub(gate.of().len() - open);
            let share = |what: &str| format!("waits for {needed} more of {ids}: {what}");
            Reason::new(match gate.why {
                Why::Threshold(thousandths) => {
                    share(&format!("{}% of an earlier phase", f64::from(thousandths) / 10.0))
                }
                Why::PipelineStart if needed < open => share("its pipeline-start"),
                Why::Batch => format!("waits for the batch before: {ids}"),
                Why::Sequential => {
                    format!("waits for {ids}, which comes before it in its [SEQUENTIAL] group")
                }
                Why::Verified => format!("waits for {ids}, the check of an earlier phase"),
                Why::Checks => format!("checks {ids} once done"),
                _ => format!("waits for {ids}"),
            })
        }
        Wait::Overlap(plan) => Reason::with_remedy(
            format!("waits for {plan}, which touches the same files (overlap = \"serialize\")"),
            format!("orch why {plan}"),
        ),
        Wait::Files(unit, files) => {
            let held = run.attempts.values().find(|attempt| attempt.units.contains(unit));
            let seconds = held.map_or(0, |attempt| state.now.since(attempt.since).as_secs());
            Reason::new(format!(
                "waits for {unit}, at work for {seconds} s: it touches {} too",
                files.join(", ")
            ))
        }
        Wait::Approval(point) => {
            let what = WorkRef::at(plan, *point);
            Reason::with_remedy(
                format!("waits for a person to approve {what}"),
                format!("orch approve {what}"),
            )
        }
        Wait::Pause(point) => {
            let what = WorkRef::at(plan, *point);
            Reason::with_remedy(format!("{what} is paused"), format!("orch resume {what}"))
        }
        Wait::FailedCheck(check) => Reason::with_remedy(
            format!("{check} failed in the background, and nothing new begins until it passes"),
            format!(
                "{} tries it again; `orch task skip {check} --plan {plan}` leaves it out",
                again(state, format!("{plan}.{check}"))
            ),
        ),
    }
}

/// The plan behind a dependency that only a person can move, and its state: held or paused.
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
                    Wait::Overlap(plan) => Some((*plan).clone()),
                    _ => None,
                })?;
            }
            _ => return None,
        }
    }
    None
}

fn waiting_for_plan(work: &Work, state: &State, dependency: &Dependency) -> Reason {
    let other = &dependency.on.plan;
    let run = state.plan(other);
    let text = format!("waits for {dependency}");
    if let Some(why) = run
        .pins_refused
        .get(&dependency.on.point)
        .filter(|_| !dependency.landed)
    {
        return Reason::with_remedy(
            format!("{text}, whose commit cannot be pinned: {why}"),
            match state.phase == RunPhase::Driving {
                true => "fix that, then orch down and orch up",
                false => "fix that, then orch up",
            },
        );
    }
    if state.is_satisfied(dependency) {
        return Reason::new(format!("{text}, which is done; its commit is being pinned"));
    }
    let held = |trouble: &Option<MergeTrouble>| trouble.as_ref().is_some_and(MergeTrouble::holds);
    match &run.outcome {
        Some(Outcome::Finished) if held(&run.merge_trouble) => Reason::with_remedy(
            format!("{text}; {other} is held: it cannot land as it is"),
            format!("orch why {other}"),
        ),
        Some(Outcome::Finished) if dependency.landed => Reason::with_remedy(
            format!("{text}; {other} is finished"),
            format!("orch merge {other}"),
        ),
        Some(Outcome::Held(_)) => {
            Reason::with_remedy(format!("{text}; {other} is held"), format!("orch why {other}"))
        }
        _ => match blocker_behind(work, state, other) {
            Some((cause, is)) if cause == *other => {
                Reason::with_remedy(format!("{text}; {other} is {is}"), format!("orch why {other}"))
            }
            Some((cause, is)) => Reason::with_remedy(
                format!("{text}, which waits for {cause}; {cause} is {is}"),
                format!("orch why {cause}"),
            ),
            None => Reason::new(text),
        },
    }
}

/// Pauses of the plan and of its parts that no reason speaks of yet, as far as something can still come of them.
pub(in crate::schedule) fn other_pauses(plan: &PlanWork, run: &PlanRun, told: &[Reason]) -> Vec<Reason> {
    let name = &plan.name;
    let counts = |point: &&Point| match point {
        Point::Plan => !run.has_given_up() && run.landed.is_empty(),
        Point::Phase(_) | Point::Task(_) => !run.has_settled() && !run.has_reached(**point),
    };
    let pauses = run.paused.keys().filter(counts).map(|point| {
        let what = WorkRef::at(name, *point);
        let goes_on = run.is_at_work() || run.verify == Verify::Running;
        let rest = match (goes_on, &run.outcome) {
            (true, _) if run.paused.get(point) == Some(&true) => {
                ": running work is being stopped, nothing new begins"
            }
            (true, _) => ": running work continues, nothing new begins",
            (false, Some(Outcome::Finished)) => ": it is finished, and does not land",
            (false, _) => "",
        };
        (
            what.clone(),
            Reason::with_remedy(format!("{what} is paused{rest}"), format!("orch resume {what}")),
        )
    });
    let known = |what: &WorkRef| {
        let text = format!("{what} is paused");
        told.iter().any(|reason| reason.text == text)
    };
    pauses
        .filter(|(what, _)| !known(what))
        .map(|(_, reason)| reason)
        .collect()
}
