//! The waits of a plan, and when each began.

use super::reason::Escalated;
use crate::plan::{Dependency, Point, UnitId, Waiting, WorkRef};
use crate::schedule::event::at::At;
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::event::why::because::Hold;
use crate::schedule::ready::readiness::Readiness;
use crate::schedule::ready::wait::Wait;
use crate::schedule::state::attempt::AttemptState;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::{Merge, Outcome, PlanRun, Verify};
use crate::schedule::work::plans::{PlanWork, Work};

/// Something that a plan waits for, and when the wait began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::schedule) struct Standstill {
    pub(in crate::schedule) waiting: Waiting,
    pub(in crate::schedule) on: String,
    pub(in crate::schedule) since: At,
}

/// The escalation of what the plan waits for, `None` when nobody was told of it.
pub(in crate::schedule) fn told(work: &Work, state: &State, number: usize) -> Option<Escalated> {
    let run = &state.plans[number];
    if run.escalated.is_empty() {
        return None;
    }
    let look = || Readiness::new(&work.plans[number], run, state);
    let stills = standstills(work, state, number, &look).into_iter();
    let mut told = stills.filter_map(|still| {
        let at = run.escalated.get(&(still.waiting, still.on.clone()))?;
        Some(Escalated {
            ago: state.now.since(*at),
            after: at.since(still.since),
        })
    });
    told.next()
}

/// Everything that the plan waits for and that may be escalated. Calls `look` for the readiness of the units only when they
/// matter.
pub(in crate::schedule) fn standstills<'a>(
    work: &Work,
    state: &'a State,
    number: usize,
    look: &dyn Fn() -> Readiness<'a>,
) -> Vec<Standstill> {
    let (plan, run) = (&work.plans[number], &state.plans[number]);
    let one = |waiting: Waiting, on: String| {
        vec![Standstill {
            waiting,
            on,
            since: run.since.max(began(state)),
        }]
    };
    if matches!(run.outcome, None | Some(Outcome::Held(_))) && !run.questions.is_empty() {
        let asked = run.questions.iter().map(|(unit, open)| Standstill {
            waiting: Waiting::Question,
            on: WorkRef::at(&plan.name, unit.map_or(Point::Plan, UnitId::point)).to_string(),
            since: open.since,
        });
        return asked.collect();
    }
    match &run.outcome {
        Some(Outcome::Held(Hold::Conflict { with, .. })) => one(Waiting::Conflict, with.to_string()),
        Some(Outcome::Held(Hold::Verification { .. })) => one(Waiting::Gate, "verify".to_owned()),
        Some(Outcome::Held(Hold::Work { unit, .. })) => one(Waiting::Gate, unit.to_string()),
        Some(Outcome::Held(
            Hold::Refused { .. }
            | Hold::Stuck { .. }
            | Hold::Needs { .. }
            | Hold::Asks { .. }
            | Hold::TakenAway { .. }
            | Hold::JournalLost {},
        )) => one(Waiting::Gate, plan.name.to_string()),
        Some(Outcome::Finished) => match (&run.merge, &run.merge_trouble) {
            (Merge::Idle, Some(MergeTrouble::Conflict { .. })) if run.resolution.agent.is_some() => {
                Vec::new()
            }
            (Merge::Idle, Some(MergeTrouble::Conflict { with, .. })) => one(
                Waiting::Conflict,
                crate::schedule::event::trouble::other_side(with),
            ),
            (Merge::Idle, Some(MergeTrouble::Verification { .. } | MergeTrouble::TargetRed { .. })) => {
                one(Waiting::Gate, "merge".to_owned())
            }
            (Merge::Idle, Some(MergeTrouble::Review { .. })) => one(Waiting::Gate, "review".to_owned()),
            _ => Vec::new(),
        },
        Some(Outcome::Failed(_) | Outcome::Skipped(_) | Outcome::Cancelled) => Vec::new(),
        None if run.is_at_work() => stall(run),
        None if run.verify == Verify::Running => Vec::new(),
        None => before_begin(state, plan, run, &look()),
    }
}

fn stall(run: &PlanRun) -> Vec<Standstill> {
    let running = run.attempts.values();
    let running = running.filter(|attempt| attempt.state == AttemptState::Running && !attempt.is_given_up());
    let stall = running.filter_map(|attempt| {
        Some(Standstill {
            waiting: Waiting::Stuck,
            on: attempt.id.to_string(),
            since: attempt.stall.as_ref()?.since,
        })
    });
    stall.collect()
}

/// The waits of the plan's next work: other plans first, and a person's approval only when nothing else is missing.
fn before_begin(state: &State, plan: &PlanWork, run: &PlanRun, look: &Readiness<'_>) -> Vec<Standstill> {
    let Some(first) = look.open().next() else {
        return Vec::new();
    };
    // Other work of the plan is ready, or will be retried.
    if !look.ready(state.now).is_empty() || run.next_retry(state.now).is_some() {
        return Vec::new();
    }
    let waits = look.waits(first);
    let depends = plan.depends.iter().chain(&plan.units[first].depends);
    let met = depends.filter_map(|dependency| reached(state, dependency)).max();
    let begun = run.since.max(met.unwrap_or_default());
    // Nobody works on what it waits for while nothing is driven; a person can approve at any time.
    let since = begun.max(began(state));
    let still = |waiting: Waiting, on: String| Standstill { waiting, on, since };
    let plans = waits.iter().filter_map(|wait| match wait {
        Wait::Plan(dependency) if !state.is_satisfied(dependency) => {
            Some(still(Waiting::Dependency, dependency.to_string()))
        }
        _ => None,
    });
    let plans: Vec<Standstill> = plans.collect();
    if !plans.is_empty() {
        return plans;
    }
    let [Wait::Approval(point)] = waits.as_slice() else {
        return Vec::new();
    };
    let on = WorkRef::at(&plan.name, *point).to_string();
    vec![Standstill {
        waiting: Waiting::Gate,
        on,
        since: begun,
    }]
}

/// When the run began or last continued.
fn began(state: &State) -> At {
    state.run.as_ref().map_or(At::default(), |run| run.started)
}

/// When the dependency was satisfied, if it is and the time is known.
fn reached(state: &State, dependency: &Dependency) -> Option<At> {
    if !state.is_satisfied(dependency) {
        return None;
    }
    let run = state.plan(&dependency.on.plan);
    match dependency.on.point {
        Point::Phase(phase) => run.phases_done.get(&phase).copied(),
        Point::Task(task) => run.items.get(&task.into()).map(|item| item.since),
        Point::Plan => Some(run.since),
    }
}
