//! Budgets. At the budget nothing new starts, beyond it running agents are stopped, and the remaining work needs a person.

use crate::plan::Point;
use crate::schedule::board::ask::Ask;
use crate::schedule::board::core::Board;
use crate::schedule::board::effect::Effect;
use crate::schedule::board::step::Step;
use crate::schedule::event::Steered;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::facts::{ObstacleKind, Spent};
use crate::schedule::event::why::because::{Because, Hold};
use crate::schedule::state::plan_run::{Outcome, PlanRun, Verify};

/// A budget that is used up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::schedule) struct Broke {
    /// The budget, in millionths of the currency.
    budget: u64,
    /// The amount spent, in millionths of the currency.
    spent: u64,
    /// True for the run's budget, false for the plan's own.
    of_run: bool,
}

impl Broke {
    fn is_beyond(&self) -> bool {
        self.spent > self.budget
    }

    fn hold(&self) -> Hold {
        let &Self {
            of_run,
            budget,
            spent,
        } = self;
        Hold::Needs {
            why: Because::BudgetSpent {
                of_run,
                budget,
                spent,
            },
            how: String::new(),
            obstacle: Some(ObstacleKind::Budget),
        }
    }
}

fn broke(board: &Board, number: usize) -> Option<Broke> {
    let used = |budget: Option<u64>, spent: Spent, of_run| {
        let (budget, spent) = (budget?, spent.micros?);
        (spent >= budget).then_some(Broke {
            budget,
            spent,
            of_run,
        })
    };
    let (plan, run) = (&board.work.plans[number], &board.state.plans[number]);
    used(plan.budget, run.spent, false).or_else(|| used(board.work.budget, board.state.spent, true))
}

/// Returns the remaining budget of the plan in millionths of the currency, or `None` without a budget.
pub(in crate::schedule) fn left_of_budget(board: &Board, number: usize) -> Option<u64> {
    let left = |budget: Option<u64>, spent: Spent| {
        budget.map(|budget| budget.saturating_sub(spent.micros.unwrap_or(0)))
    };
    let (plan, run) = (&board.work.plans[number], &board.state.plans[number]);
    let own = left(plan.budget, run.spent);
    let all = left(board.work.budget, board.state.spent);
    own.into_iter().chain(all).min()
}

/// Returns true when nothing new may start in the plan.
pub(in crate::schedule) fn is_broke(board: &Board, number: usize) -> bool {
    broke(board, number).is_some()
}

/// Returns true when more than the budget was spent.
pub(in crate::schedule) fn is_beyond_budget(board: &Board, number: usize) -> bool {
    broke(board, number).is_some_and(|broke| broke.is_beyond())
}

fn is_held_for_money(run: &PlanRun) -> bool {
    let Some(Outcome::Held(Hold::Needs { why, .. })) = &run.outcome else {
        return false;
    };
    matches!(why, Because::BudgetSpent { .. })
}

/// Stops the agents of a plan that is beyond its budget. Holds the plan once no agent runs, unless nothing is left to do, and
/// reopens it once the budget is raised.
pub(in crate::schedule) fn stop_broke(board: &mut Board, at: At, number: usize, step: &mut Step) {
    let Some(broke) = broke(board, number) else {
        if is_held_for_money(&board.state.plans[number]) {
            let again = Steered {
                plan: board.work.plans[number].name.clone(),
                point: Point::Plan,
            };
            board.record(at, Event::RetryRequested(again), step);
        }
        return;
    };
    let run = &board.state.plans[number];
    if broke.is_beyond() {
        let running = run
            .attempts
            .values()
            .filter(|attempt| attempt.state.can_be_stopped());
        let running: Vec<_> = running.map(|attempt| attempt.id.clone()).collect();
        for attempt in running {
            let stop = Effect::Stop {
                attempt: attempt.clone(),
                now: false,
            };
            board.ask(Ask::Stop(attempt, false), stop, step);
        }
    }
    let (plan, run) = (&board.work.plans[number], &board.state.plans[number]);
    let idle = run.is_open() && !run.is_at_work() && run.verify != Verify::Running;
    // Work that waits for something else is reported when its turn comes.
    let next = || !board.look(number).ready(at).is_empty() || run.next_time(at).is_some();
    if idle && next() {
        let name = plan.name.clone();
        let why = broke.hold();
        board.record(at, Event::PlanHeld { plan: name, why }, step);
    }
}
