//! Policies at the end of an attempt: a stage is done or retried; a plan is finished, failed, held or skipped.

use super::asking::ask_person;
use super::failing::{hold_attempt, retry_or_give_up};
use super::integrating::complete;
use super::lost_lane::{has_lost_its_place, lane_of, lose_worktree};
use super::needed::what_is_needed;
use super::parking::park;
use super::starting::work_place;
use super::taking_over::{repair_taken_over, taken_over};
use super::unread::{continue_with_unread, hold_unread, note_told};
use crate::plan::{PlanName, fit_question};
use crate::schedule::board::ask::Ask;
use crate::schedule::board::core::Board;
use crate::schedule::board::effect::Effect;
use crate::schedule::board::step::Step;
use crate::schedule::event::about::{AgentStart, AgentSubmit, Failed, OfPlan};
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::facts::{Obstacle, ObstacleKind};
use crate::schedule::event::trouble::LaunchTrouble;
use crate::schedule::event::why::because::{Because, Hold};
use crate::schedule::judge::failure::Failure;
use crate::schedule::judge::phase_check::stops_phase_check;
use crate::schedule::judge::proof_of::{Claim, Proof};
use crate::schedule::judge::verdict::{AttemptVerdict, judge};
use crate::schedule::ready::dispatch::handed_on;
use crate::schedule::state::attempt::{Attempt, AttemptState};
use crate::schedule::state::plan_run::{PlanRun, Verify};
use crate::schedule::work::plans::PhaseWork;

/// Reacts to an event of one plan at once, before all plans are examined.
pub(in crate::schedule) fn react(board: &mut Board, at: At, event: &Event, step: &mut Step) {
    match event {
        Event::AgentRefused {
            plan,
            attempt,
            why: trouble,
        } => {
            let lost = matches!(trouble, LaunchTrouble::Lost { .. });
            let lane = lane_of(board.state.plan(plan), attempt).filter(|_| lost);
            match trouble {
                LaunchTrouble::Conflict { with, files } => {
                    let (with, files) = (with.clone(), files.clone());
                    hold_attempt(board, at, plan, attempt, Hold::Conflict { with, files }, step);
                }
                LaunchTrouble::Refused { why } => {
                    hold_attempt(
                        board,
                        at,
                        plan,
                        attempt,
                        Hold::Refused {
                            why: why.as_str().into(),
                        },
                        step,
                    );
                }
                LaunchTrouble::Failed { why } | LaunchTrouble::Lost { why } => {
                    retry_or_give_up(board, at, plan, attempt, &Failure::counted(why.clone()), step);
                }
            }
            if let Some(lane) = lane {
                lose_worktree(board, at, plan, lane, step);
            }
        }
        Event::AgentStarted(AgentStart { plan, .. }) | Event::AgentSubmitted(AgentSubmit { plan, .. }) => {
            note_told(board, at, plan, step)
        }
        Event::VerifyFailed(Failed { plan, why }) => {
            if let Some(work) = board.plan_work(plan) {
                let failures = board.state.plan(plan).repair.failures;
                if failures > work.attempts.retries {
                    let over = repair_taken_over(board, plan, why).unwrap_or_else(|| Event::PlanHeld {
                        plan: plan.clone(),
                        why: Hold::Verification { why: why.clone() },
                    });
                    board.record(at, over, step);
                }
            }
        }
        _ => {}
    }
}

/// Requests the inspection of the plan's ended attempts, and judges the inspected ones.
pub(in crate::schedule) fn finish_attempts(board: &mut Board, at: At, index: usize, step: &mut Step) {
    let lanes: Vec<u32> = board.state.plans[index].attempts.keys().copied().collect();
    for lane in lanes {
        if continue_with_unread(board, at, index, lane, step) {
            continue;
        }
        let plan = &board.work.plans[index];
        let run = &board.state.plans[index];
        let Some(attempt) = run.attempts.get(&lane) else {
            continue;
        };
        let name = plan.name.clone();
        if matches!(attempt.state, AttemptState::Ended(_)) {
            let check = Effect::Check {
                plan: name,
                attempt: attempt.id.clone(),
                place: work_place(plan, run, lane, attempt),
                since: attempt.head.clone().or_else(|| run.tip_before_people(attempt)),
                said: run.reported_on(attempt),
                handed_on: handed_on(plan, &board.state),
            };
            let ask = Ask::Check(attempt.id.clone());
            board.ask(ask, check, step);
            continue;
        }
        // The attempt's commits are being merged into the plan's branch. Reports that arrive now are too late to stop that.
        if board.asked.contains(&Ask::Integrate(attempt.id.clone())) {
            continue;
        }
        let Some(verdict) = judge(plan, run, attempt) else {
            continue;
        };
        if matches!(verdict, AttemptVerdict::Done(_)) && is_unwanted(run, attempt) {
            end_unwanted(board, at, index, lane, step);
            continue;
        }
        let (id, lost) = (attempt.id.clone(), has_lost_its_place(attempt));
        match verdict {
            AttemptVerdict::Done(done) => complete(board, at, index, lane, done, step),
            AttemptVerdict::Held(why) => {
                hold_attempt(board, at, &name, &id, Hold::Stuck { why }, step);
            }
            AttemptVerdict::Parked(obstacle) => park(board, at, &name, &id, &obstacle, step),
            AttemptVerdict::Needs(obstacle) if needs_another_agent(&obstacle) => {
                let unit = attempt.units.first().copied();
                let (agent, said) = (attempt.agent.clone(), obstacle.why.clone());
                let why = Because::CannotWork { agent, said };
                match taken_over(board, &name, unit, &why) {
                    Some(event) => {
                        retry_or_give_up(board, at, &name, &id, &Failure::uncounted(why), step);
                        board.record(at, event, step);
                    }
                    None => need(board, at, (&name, index, lane), &obstacle, step),
                }
            }
            AttemptVerdict::Needs(obstacle) => need(board, at, (&name, index, lane), &obstacle, step),
            AttemptVerdict::Asks(question) => {
                let question = fit_question(&question);
                ask_person(board, at, &name, &id, &question, step);
                hold_attempt(board, at, &name, &id, Hold::Asks { question }, step);
            }
            AttemptVerdict::Incomplete(failure) => retry_or_give_up(board, at, &name, &id, &failure, step),
        }
        if lost {
            lose_worktree(board, at, &name, lane, step);
        }
    }
}

/// Returns true when another agent may get further, because this agent is not logged in or its account is refused.
fn needs_another_agent(obstacle: &Obstacle) -> bool {
    matches!(obstacle.kind, ObstacleKind::Login | ObstacleKind::Account)
}

/// Holds the work of an attempt that lacks something only a person can provide.
fn need(board: &mut Board, at: At, of: (&PlanName, usize, u32), obstacle: &Obstacle, step: &mut Step) {
    let (name, index, lane) = of;
    let Some(attempt) = board.state.plans[index].attempts.get(&lane) else {
        return;
    };
    let id = attempt.id.clone();
    let hold = what_is_needed(board, attempt, obstacle);
    hold_attempt(board, at, name, &id, hold, step);
}

pub(in crate::schedule) fn verify_or_finish(board: &mut Board, at: At, index: usize, step: &mut Step) {
    let plan = &board.work.plans[index];
    let run = &board.state.plans[index];
    if !run.is_open() || run.is_at_work() || run.worktree().is_none() {
        return;
    }
    let is_open = |phase: &PhaseWork| phase.verify && !run.phases_done.contains_key(&phase.id);
    let mut open = plan.phases.iter().filter(|phase| is_open(phase));
    let units = board.look(index).all_done() && !open.any(|phase| plan.is_verified(run, phase.id));
    // An attempt of its own makes the changes a review asks for, even when no command verifies the plan.
    let returned = run.verify == Verify::Failed && run.review.returned.is_some();
    let verified = (!plan.verify && !returned) || matches!(run.verify, Verify::Passed(_));
    let found = [(Proof::Units, units), (Proof::Verified, verified)];
    let name = plan.name.clone();
    match (Claim::PlanFinished.missing(&found), &run.verify) {
        // The verification started before a restart, and work was opened again since.
        (Some(Proof::Units), Verify::Running) if !board.asked.contains(&Ask::Verify(name.clone())) => {
            board.record(at, Event::VerifyStopped(OfPlan { plan: name }), step);
        }
        (Some(Proof::Units), _) => {}
        // A verification from before a restart still counts.
        (_, Verify::Open | Verify::Passed(_) | Verify::Failed) if run.is_paused() => {}
        (None, _) => {
            if !hold_unread(board, at, &name, step) {
                board.record(at, Event::PlanFinished(OfPlan { plan: name }), step);
            }
        }
        (Some(_), Verify::Open) => {
            board.record(at, Event::VerifyStarted(OfPlan { plan: name.clone() }), step);
            board.ask(Ask::Verify(name.clone()), Effect::Verify { plan: name }, step);
        }
        // After a restart: the verification had started, but its result is unknown.
        (Some(_), Verify::Running) => {
            board.ask(Ask::Verify(name.clone()), Effect::Verify { plan: name }, step);
        }
        (Some(_), Verify::Failed | Verify::Passed(_)) => {}
    }
}

/// Returns true when a person has cancelled one of the attempt's units.
fn is_unwanted(run: &PlanRun, attempt: &Attempt) -> bool {
    let mut units = attempt.units.iter();
    units.any(|unit| run.is_being_cancelled(*unit))
}

/// Ends an attempt at cancelled work, whatever its agent has reported. First stops the verification that the attempt waits
/// for.
fn end_unwanted(board: &mut Board, at: At, index: usize, lane: u32, step: &mut Step) {
    if stops_phase_check(board, index, lane, step) {
        return;
    }
    let name = board.work.plans[index].name.clone();
    let Some(id) = board.state.plans[index]
        .attempts
        .get(&lane)
        .map(|attempt| attempt.id.clone())
    else {
        return;
    };
    let failure = Failure::uncounted(Because::Cancelled);
    retry_or_give_up(board, at, &name, &id, &failure, step);
}
