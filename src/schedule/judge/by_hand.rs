//! Work that a person did. It is examined and judged like an agent's work.

use crate::plan::{AgentName, AttemptId, UnitId};
use crate::schedule::board::core::Board;
use crate::schedule::board::step::Step;
use crate::schedule::event::at::At;
use crate::schedule::event::exit::Exit;
use crate::schedule::event::fact::Event;
use crate::schedule::ready::by_hand::{has_work_by_hand, is_all_said};
use crate::schedule::state::known::RunPhase;
use crate::schedule::state::plan_run::Verify;

/// Judges work that a person reported done while no agent worked on it, so that no agent does it again.
pub(in crate::schedule) fn take_work_by_hand(board: &mut Board, at: At, number: usize, step: &mut Step) {
    let run = &board.state.plans[number];
    let repairs = matches!(run.verify, Verify::Running | Verify::Failed);
    let made = run.worktree().is_some();
    let driven = board.state.phase == RunPhase::Driving && !board.is_merge_only();
    if repairs || !made || !driven || !run.is_open() || run.hands.attached.is_some() {
        return;
    }
    for lane in run.hands.left.clone() {
        look_at_what_was_left(board, at, number, lane, step);
    }
    let run = &board.state.plans[number];
    if run.attempts.contains_key(&0) || !(run.people_spoke || run.rebuilt) {
        return;
    }
    let (plan, run) = (&board.work.plans[number], &board.state.plans[number]);
    // When units have their own branches, agents' reports are judged with their attempts.
    let units = board.look(number).chain(|unit| {
        let by_hand = !run.by_units || has_work_by_hand(plan, run, unit.id);
        by_hand && is_all_said(plan, run, unit.id)
    });
    if !units.iter().any(|unit| has_work_by_hand(plan, run, *unit)) {
        return;
    }
    // Work that agents have started on a unit's own branch is completed there and merged into the plan's branch from there.
    let own = |unit: &UnitId| run.by_units && run.has_branch_work(*unit);
    let until = units.iter().position(own).unwrap_or(units.len()).max(1);
    let units = units[..until].to_vec();
    judge_by_hand(board, at, number, (units, 0), step);
}

/// Examines the work of a person who took an agent's place: the open work there is judged like an agent's.
fn look_at_what_was_left(board: &mut Board, at: At, number: usize, lane: u32, step: &mut Step) {
    let (plan, run) = (&board.work.plans[number], &board.state.plans[number]);
    if run.attempts.contains_key(&lane) {
        return;
    }
    let look = board.look(number);
    let open = |unit: &UnitId| !run.is_unit_settled(*unit) && !run.is_worked_on(*unit);
    let units: Vec<UnitId> = if plan.by_units() {
        let last = run.work_attempts().rev().find(|record| record.lane == lane);
        let units = last.map(|last| last.units.clone()).unwrap_or_default();
        units.into_iter().filter(open).collect()
    } else {
        let first = look.open().next();
        let stage = first.map(|first| look.stage(first)).unwrap_or_default();
        stage.iter().map(|unit| unit.id).collect()
    };
    if !units.is_empty() {
        judge_by_hand(board, at, number, (units, lane), step);
    }
}

/// Makes a person's work on these units, in this worktree, be judged like an agent's.
fn judge_by_hand(
    board: &mut Board,
    at: At,
    number: usize,
    (units, lane): (Vec<UnitId>, u32),
    step: &mut Step,
) {
    let (plan, run) = (&board.work.plans[number], &board.state.plans[number]);
    let name = plan.name.clone();
    let sequence = u32::try_from(run.history.len()).unwrap_or(u32::MAX);
    let attempt = AttemptId::new(&name, sequence.saturating_add(1));
    let ticks = run.history.is_empty().then(|| plan.ticks());
    let assigned = Event::AttemptAssigned {
        plan: name.clone(),
        attempt: attempt.clone(),
        number: run.tries_of(units.first().copied(), false).attempts + 1,
        agent: person(),
        units,
        lane,
        account: None,
        ticks,
    };
    board.record(at, assigned, step);
    let ended = Event::AgentEnded {
        plan: name,
        attempt,
        exit: Exit::ByHand,
        why: None,
    };
    board.record(at, ended, step);
}

/// The agent name that stands for a person in attempts.
fn person() -> AgentName {
    "person".parse().expect("a word is a name")
}
