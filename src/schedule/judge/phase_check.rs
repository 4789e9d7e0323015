//! The verification of a phase. It runs on the commit that ends the phase, before the phase is done and that commit is
//! pinned.
//!
//! The verification belongs to the attempt that completes the phase. If it fails, the attempt fails with its output, which
//! the next attempt gets. Nothing behind the phase starts. If no agent works on the phase, because its remaining work was
//! left out, a person has to look.

use crate::plan::{CommitId, PhaseId, PlanName};
use crate::schedule::board::ask::Ask;
use crate::schedule::board::core::Board;
use crate::schedule::board::effect::Effect;
use crate::schedule::board::step::Step;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::phase_fact::{PhaseSaid, PhaseVerify, Ran};
use crate::schedule::event::why::because::{Because, Hold};
use crate::schedule::state::attempt::{Attempt, AttemptState, Integration};
use crate::schedule::state::known::RunPhase;
use crate::schedule::state::phase_run::PhaseCheck;

/// The combined result of the verifications of some phases.
pub(in crate::schedule) enum Checked {
    /// All verifications passed, or there are none.
    Passed,
    /// A result is still missing.
    Waiting,
    /// The first phase that failed, and why.
    Failed(PhaseId, String),
}

/// Returns the combined result of the verifications of these phases. Asks for missing ones, one after the other.
pub(in crate::schedule) fn checked(
    board: &mut Board,
    at: At,
    index: usize,
    phases: &[PhaseId],
    step: &mut Step,
) -> Checked {
    for phase in phases {
        let run = &board.state.plans[index];
        let begun = match run.phase_checks.get(phase) {
            Some(PhaseCheck::Passed(..)) => continue,
            Some(PhaseCheck::Failed(why)) => return Checked::Failed(*phase, why.clone()),
            Some(PhaseCheck::Running(_)) => true,
            None => false,
        };
        let plan = board.work.plans[index].name.clone();
        let ask = Ask::VerifyPhase(plan.clone(), *phase);
        // After a restart, the requested verification has already started. Nothing starts while a person wants the run to
        // stop.
        if !board.asked.contains(&ask) && !matches!(board.state.phase, RunPhase::Stopping { .. }) {
            if !begun {
                let started = PhaseVerify {
                    plan: plan.clone(),
                    phase: *phase,
                    said: PhaseSaid::Started,
                    ran: None,
                    why: None,
                };
                board.record(at, Event::PhaseVerify(started), step);
            }
            board.ask(ask, Effect::VerifyPhase { plan, phase: *phase }, step);
        }
        return Checked::Waiting;
    }
    Checked::Passed
}

/// For complete phases with a `verify` but without an agent: returns the phases that pass, and the first failure.
/// That failure needs a person once the other phases are done.
pub(in crate::schedule) fn checked_by_nobody(
    board: &mut Board,
    at: At,
    index: usize,
    phases: &[PhaseId],
    step: &mut Step,
) -> (Vec<PhaseId>, Option<Because>) {
    let (mut done, mut red) = (Vec::new(), None);
    let run = &board.state.plans[index];
    if !run.is_open() || run.worktree().is_none() {
        return (done, red);
    }
    for phase in phases {
        match checked(board, at, index, &[*phase], step) {
            Checked::Passed => done.push(*phase),
            Checked::Waiting => {}
            Checked::Failed(phase, why) => {
                red.get_or_insert(Because::PhaseRed { phase, why });
            }
        }
    }
    (done, red)
}

/// Holds the plan for a person because a phase failed, when no agent is at work.
pub(in crate::schedule) fn hold_red(board: &mut Board, at: At, index: usize, why: Because, step: &mut Step) {
    let run = &board.state.plans[index];
    if run.is_open() && !run.is_at_work() {
        let plan = board.work.plans[index].name.clone();
        let why = Hold::Verification { why };
        board.record(at, Event::PlanHeld { plan, why }, step);
    }
}

/// Returns true when an ended attempt may be waiting for the verification of a phase, which can take as long as other work.
pub(in crate::schedule) fn is_verifying(board: &Board, plan: &PlanName, attempt: &Attempt) -> bool {
    let asked = |ask: &Ask| matches!(ask, Ask::VerifyPhase(of, _) if of == plan);
    let there = attempt.integration == Integration::Merged || !board.state.plan(plan).by_units;
    matches!(attempt.state, AttemptState::Checked(..)) && there && board.asked.iter().any(asked)
}

/// Stops the verification that the attempt in this lane waits for. Returns false when there is none.
pub(in crate::schedule) fn stops_phase_check(
    board: &mut Board,
    index: usize,
    lane: u32,
    step: &mut Step,
) -> bool {
    let (plan, run) = (board.work.plans[index].name.clone(), &board.state.plans[index]);
    let units = run.attempts.get(&lane).map_or(&[][..], |attempt| &attempt.units);
    let asked = |phase: &PhaseId| board.asked.contains(&Ask::VerifyPhase(plan.clone(), *phase));
    let Some(phase) = units.iter().map(|unit| unit.phase()).find(asked) else {
        return false;
    };
    let ask = Ask::StopPhaseCheck(plan.clone(), phase);
    board.ask(ask, Effect::StopPhaseCheck { plan, phase }, step);
    true
}

/// Stops all running verifications of phases.
pub(in crate::schedule) fn stop_phase_checks(board: &mut Board, step: &mut Step) {
    let asked = board.asked.iter().filter_map(|ask| match ask {
        Ask::VerifyPhase(plan, phase) => Some((plan.clone(), *phase)),
        _ => None,
    });
    for (plan, phase) in asked.collect::<Vec<_>>() {
        let ask = Ask::StopPhaseCheck(plan.clone(), phase);
        board.ask(ask, Effect::StopPhaseCheck { plan, phase }, step);
    }
}

/// Returns the event of a passed verification of which nothing else is known.
pub(in crate::schedule) fn passed(plan: PlanName, phase: PhaseId, commit: CommitId) -> Event {
    Event::PhaseVerify(PhaseVerify {
        plan,
        phase,
        said: PhaseSaid::Passed,
        ran: Some(Ran {
            line: String::new(),
            commit,
            tree: String::new(),
            took_ms: 0,
        }),
        why: None,
    })
}

/// Returns the same event for a plan's own verification.
pub(in crate::schedule) fn plan_passed(plan: PlanName, commit: CommitId) -> Event {
    Event::VerifyPassed {
        plan,
        commit,
        ran: None,
    }
}
