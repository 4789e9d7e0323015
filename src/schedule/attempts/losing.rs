//! Lost work: units and plans whose dependency failed, and plans that ended without success.

use crate::plan::{Dependency, PlanName, UnitId};
use crate::schedule::board::core::Board;
use crate::schedule::board::step::Step;
use crate::schedule::event::about::{Failed, SkippedPlan, WorkSkip};
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::why::because::{Because, Hold, LostAs};
use crate::schedule::ready::wait::Cause;
use crate::schedule::state::lost::Lost;
use crate::schedule::state::plan_run::{Outcome, PlanRun};

/// Skips work whose dependencies will never be done, naming the cause. Ends the plan when no work is left.
pub(in crate::schedule) fn skip_hopeless(board: &mut Board, at: At, index: usize, step: &mut Step) {
    let plan = &board.work.plans[index];
    let run = &board.state.plans[index];
    if !run.is_open() {
        return;
    }
    let look = board.look(index);
    if run.lost.is_empty() && !look.is_lost_elsewhere() {
        return;
    }
    let hopeless = look.hopeless();
    if hopeless.is_empty() && run.lost.is_empty() {
        return;
    }
    let name = plan.name.clone();
    let all = look.open().count() == hopeless.len();
    if all && run.lost.is_empty() && !run.is_at_work() {
        if let Some((_, Cause::Plan(lost))) = hopeless.first() {
            let (cause, why) = (lost.on.plan.clone(), why_lost(board, lost));
            let skipped = Event::PlanSkipped(SkippedPlan {
                plan: name,
                cause,
                why,
            });
            board.record(at, skipped, step);
        }
        return;
    }
    let skipped: Vec<Event> = hopeless
        .into_iter()
        .map(|(unit, cause)| WorkSkip {
            plan: name.clone(),
            unit,
            cause: match cause {
                Cause::Unit(unit) => unit.to_string(),
                Cause::Plan(dependency) => dependency.to_string(),
            },
            why: match cause {
                Cause::Unit(unit) => Because::LostUnit {
                    unit,
                    fate: match run.lost.get(&unit) {
                        Some(Lost::Skipped { .. }) => LostAs::Skipped,
                        Some(Lost::Cancelled) => LostAs::Cancelled,
                        Some(Lost::Held { .. }) => LostAs::Held,
                        Some(Lost::Failed { .. }) | None => LostAs::Failed,
                    },
                },
                Cause::Plan(lost) => why_lost(board, lost),
            },
        })
        .map(Event::WorkSkipped)
        .collect();
    for event in skipped {
        board.record(at, event, step);
    }
    end_without_success(board, at, index, step);
}

fn why_lost(board: &Board, lost: &Dependency) -> Because {
    Because::LostPlan {
        on: lost.clone(),
        fate: match board.state.plan(&lost.on.plan).outcome {
            Some(Outcome::Skipped(_)) => LostAs::Skipped,
            Some(Outcome::Cancelled) => LostAs::Cancelled,
            Some(Outcome::Failed(_) | Outcome::Finished | Outcome::Held(_)) | None => LostAs::Failed,
        },
    }
}

/// Ends a plan that has lost work and in which nothing else can continue.
fn end_without_success(board: &mut Board, at: At, index: usize, step: &mut Step) {
    let plan = &board.work.plans[index];
    let run = &board.state.plans[index];
    let over = run.failed_check().is_some() || board.look(index).is_stalled();
    if run.is_at_work() || !over || run.lost.is_empty() {
        return;
    }
    let event = ending(&plan.name, run);
    board.record(at, event, step);
}

/// Returns how a plan with lost work ends: held if a person can help, else failed, else skipped.
fn ending(name: &PlanName, run: &PlanRun) -> Event {
    let plan = name.clone();
    let held = run.lost.iter().find_map(|(unit, lost)| match lost {
        Lost::Held { why, built_on } => Some((*unit, why.clone(), built_on.clone())),
        Lost::Failed { .. } | Lost::Skipped { .. } | Lost::Cancelled => None,
    });
    if let Some((unit, why, built_on)) = held {
        let why = Hold::Work { unit, why, built_on };
        return Event::PlanHeld { plan, why };
    }
    let lost = run.lost.iter().filter_map(|(unit, lost)| match lost {
        Lost::Failed { why, .. } => Some((*unit, why.clone())),
        Lost::Cancelled => Some((*unit, Because::Cancelled)),
        Lost::Held { .. } | Lost::Skipped { .. } => None,
    });
    let lost: Vec<(UnitId, Because)> = lost.collect();
    if !lost.is_empty() {
        let why = Because::Units { lost };
        return Event::PlanFailed(Failed { plan, why });
    }
    // Everything else was skipped because of another plan.
    let skipped = run.lost.values().filter_map(|lost| match lost {
        Lost::Skipped { cause, why } => Some((cause.parse::<Dependency>().ok(), why.clone())),
        Lost::Failed { .. } | Lost::Held { .. } | Lost::Cancelled => None,
    });
    let (cause, why) = skipped
        .max_by_key(|(cause, _)| cause.is_some())
        .unwrap_or_else(|| (None, "".into()));
    Event::PlanSkipped(SkippedPlan {
        cause: cause.map_or_else(|| plan.clone(), |lost| lost.on.plan),
        plan,
        why,
    })
}
