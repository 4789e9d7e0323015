//! Stops a run when a person asks, and ends it when nothing more can happen without a person.

use crate::plan::{AttemptId, PlanName, Point, UnitId};
use crate::schedule::board::ask::Ask;
use crate::schedule::board::core::Board;
use crate::schedule::board::effect::{Effect, Ending};
use crate::schedule::board::step::Step;
use crate::schedule::event::about::{OfPlan, UnitOf};
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::event::why::because::Because;
use crate::schedule::explain::escalating::escalate_what_needs_a_person;
use crate::schedule::judge::phase_check::stop_phase_checks;
use crate::schedule::merge::merging::stop_train;
use crate::schedule::merge::resolver_watch::{resolver_reopens, stop_resolvers};
use crate::schedule::state::attempt::AttemptState;
use crate::schedule::state::known::RunPhase;
use crate::schedule::state::plan_run::{Outcome, PlanRun, Verify};

pub(in crate::schedule) fn stop_agents(board: &mut Board, at: At, step: &mut Step) {
    let RunPhase::Stopping { now } = board.state.phase else {
        return;
    };
    let running = board
        .state
        .all_attempts()
        .filter(|(_, _, attempt)| attempt.state.can_be_stopped())
        .map(|(_, _, attempt)| attempt.id.clone());
    let running: Vec<AttemptId> = running.collect();
    for attempt in running {
        let stop = Effect::Stop {
            attempt: attempt.clone(),
            now,
        };
        board.ask(Ask::Stop(attempt, now), stop, step);
    }
    stop_resolvers(board, step);
    let verifying = |run: &PlanRun| run.verify == Verify::Running;
    let verified = board.state.plans().filter(|(_, run)| verifying(run));
    for plan in verified.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
        let stop = Effect::StopVerification { plan: plan.clone() };
        board.ask(Ask::StopVerification(plan), stop, step);
    }
    stop_phase_checks(board, step);
    stop_train(board, at, step);
}

/// Stops the agents of work that a person cancelled or paused at once. Records plans and units that have stopped.
pub(in crate::schedule) fn stop_unwanted(board: &mut Board, at: At, number: usize, step: &mut Step) {
    let run = &board.state.plans[number];
    if run.paused.is_empty() && run.cancelling.is_empty() {
        return;
    }
    let unwanted = run
        .attempts
        .values()
        .filter(|attempt| attempt.units.iter().any(|unit| run.is_to_be_stopped(*unit)))
        .filter(|attempt| attempt.state.can_be_stopped());
    let unwanted: Vec<AttemptId> = unwanted.map(|attempt| attempt.id.clone()).collect();
    for attempt in unwanted {
        let stop = Effect::Stop {
            attempt: attempt.clone(),
            now: false,
        };
        board.ask(Ask::Stop(attempt, false), stop, step);
    }
    let (plan, run) = (&board.work.plans[number], &board.state.plans[number]);
    let name = plan.name.clone();
    let idle = !run.is_at_work() && run.verify != Verify::Running && run.resolution.agent.is_none();
    if run.cancelling.contains(&Point::Plan) && idle {
        board.record(at, Event::PlanCancelled(OfPlan { plan: name }), step);
        return;
    }
    let cancelled = plan.units.iter().map(|unit| unit.id).filter(|unit| {
        run.is_being_cancelled(*unit) && !run.is_worked_on(*unit) && !run.is_unit_settled(*unit)
    });
    let cancelled: Vec<UnitId> = cancelled.collect();
    for unit in cancelled {
        let plan = name.clone();
        board.record(at, Event::WorkCancelled(UnitOf { plan, unit }), step);
    }
}

/// Stops the verification of a plan that a person cancelled or paused at once.
pub(in crate::schedule) fn stop_unwanted_verification(board: &mut Board, number: usize, step: &mut Step) {
    let run = &board.state.plans[number];
    let unwanted = run.paused.get(&Point::Plan) == Some(&true) || run.cancelling.contains(&Point::Plan);
    if unwanted && run.verify == Verify::Running {
        let plan = board.work.plans[number].name.clone();
        let stop = Effect::StopVerification { plan: plan.clone() };
        board.ask(Ask::StopVerification(plan), stop, step);
    }
}

/// Sets the timer for the next retry, or ends the run when nothing more can happen without a person.
pub(in crate::schedule) fn wake_or_end(board: &mut Board, at: At, step: &mut Step) {
    let stopping = matches!(board.state.phase, RunPhase::Stopping { .. });
    let awaited = board.asked.remove(&Ask::Person);
    let merge_only = board.is_merge_only();
    let timer = board.frontier.timers.next().filter(|_| !stopping && !merge_only);
    let alarm = board.frontier.alarms.next().filter(|_| !merge_only);
    let reopens = resolver_reopens(board).filter(|_| !stopping && !merge_only);
    let looks = board.frontier.next_look;
    if let Some(due) = [timer, alarm, reopens, looks].into_iter().flatten().min() {
        board.ask(Ask::Wake(due), Effect::Wake { at: due }, step);
    }
    if timer.is_some() || reopens.is_some() {
        return;
    }
    // An attempt that only waits for the verification of its phase will still be there after a restart.
    let at_work = |state: &AttemptState| !(stopping && matches!(state, AttemptState::Checked(..)));
    let attempts = || board.state.all_attempts();
    let busy = !merge_only && attempts().any(|(_, _, attempt)| at_work(&attempt.state));
    let waiting = || {
        let mut asks = board.asked.iter();
        asks.any(|ask| {
            !matches!(
                ask,
                Ask::Wake(_)
                    | Ask::Person
                    | Ask::End
                    | Ask::StopVerification(_)
                    | Ask::StopPhaseCheck(..)
                    | Ask::StopBuild(_)
                    | Ask::Union(_)
                    | Ask::StopUnion(_)
                    | Ask::Look(_)
            )
        })
    };
    // Early unions delay the end only if they hold worktrees that the train needs.
    let lent = !stopping && board.train.wanted_back() > 0;
    let driven = || board.state.plans().filter(|(name, _)| board.state.drives(name));
    // A person attached in place of an agent will hand work back.
    let attached = || driven().any(|(_, run)| run.hands.attached.is_some());
    let attached = !stopping && !merge_only && attached();
    if busy || lent || attached || waiting() {
        return;
    }
    let settled = board.work.plans.iter().all(|plan| {
        let run = board.state.plan(&plan.name);
        !board.state.drives(&plan.name) || (run.has_settled() && !board.state.is_landing_paused(&plan.name))
    });
    let (event, ending) = if stopping {
        let why = Because::StopAsked;
        (Event::RunStopped { why, resume: true }, Ending::Interrupted)
    } else if merge_only {
        let why = Because::NothingToMerge;
        (Event::RunStopped { why, resume: true }, Ending::Settled)
    } else if settled {
        let troubled = driven().any(|(_, run)| {
            !matches!(run.outcome, Some(Outcome::Finished)) || is_trouble(run.merge_trouble.as_ref())
        });
        let ending = if troubled {
            Ending::NeedsPerson
        } else {
            Ending::Settled
        };
        (Event::RunSettled {}, ending)
    } else {
        let why = Because::PersonNeeded;
        (Event::RunStopped { why, resume: false }, Ending::NeedsPerson)
    };
    if board.stays && ending == Ending::NeedsPerson && driven().any(|(name, run)| can_go_on(board, name, run))
    {
        board.asked.insert(Ask::Person);
        if !awaited {
            step.effects.push(Effect::AwaitPerson);
        }
        return;
    }
    if board.asked.insert(Ask::End) {
        if ending == Ending::NeedsPerson {
            escalate_what_needs_a_person(board, at, step);
        }
        board.state.apply(at, &event);
        step.events.push(event);
        step.effects.push(Effect::End(ending));
    }
}

/// Returns true when the plan continues once a person has settled something. Failed, skipped and cancelled plans do not.
fn can_go_on(board: &Board, name: &PlanName, run: &PlanRun) -> bool {
    match &run.outcome {
        None | Some(Outcome::Held(_)) => true,
        Some(Outcome::Failed(_) | Outcome::Skipped(_) | Outcome::Cancelled) => false,
        Some(Outcome::Finished) => {
            let held = run.merge_trouble.as_ref().is_some_and(MergeTrouble::holds);
            held || board.state.is_landing_paused(name)
        }
    }
}

fn is_trouble(trouble: Option<&MergeTrouble>) -> bool {
    trouble.is_some_and(|trouble| {
        let refused = matches!(
            trouble,
            MergeTrouble::Refused { .. } | MergeTrouble::Obstacle { .. }
        );
        trouble.holds() || refused
    })
}
