//! Worktrees that somebody removed while their plans were in progress. They are created again.

use crate::plan::{AttemptId, PlanName};
use crate::schedule::board::core::Board;
use crate::schedule::board::step::Step;
use crate::schedule::event::about::LaneOf;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::state::attempt::{Attempt, AttemptState};
use crate::schedule::state::plan_run::PlanRun;

/// Returns true for an attempt that ended after its worktree was removed.
pub(in crate::schedule) fn has_lost_its_place(attempt: &Attempt) -> bool {
    matches!(&attempt.state, AttemptState::Checked(_, evidence) if evidence.lost)
}

/// Returns the lane in which an attempt works.
pub(in crate::schedule) fn lane_of(run: &PlanRun, attempt: &AttemptId) -> Option<u32> {
    let mut open = run.attempts.iter();
    open.find(|(_, open)| open.id == *attempt).map(|(lane, _)| *lane)
}

/// Records that a worktree is gone, once no agent works in it. The next attempt gets a new one.
pub(in crate::schedule) fn lose_worktree(
    board: &mut Board,
    at: At,
    plan: &PlanName,
    lane: u32,
    step: &mut Step,
) {
    let run = board.state.plan(plan);
    if run.worktrees.contains_key(&lane) && !run.attempts.contains_key(&lane) {
        let plan = plan.clone();
        board.record(at, Event::WorktreeLost(LaneOf { plan, lane }), step);
    }
}
