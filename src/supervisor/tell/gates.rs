//! Telling agents, in their worktrees, which work they must not begin.

use crate::git;
use crate::journal::Record;
use crate::plan::LaneId;
use crate::schedule::{Event, admission};
use crate::status::{self, ClosedWork};
use crate::words::closed_because;

use crate::supervisor::desk::core::Desk;
use std::collections::BTreeMap;

/// The last text for each lane.
#[derive(Debug, Default)]
pub struct ToldGates {
    told: BTreeMap<LaneId, ClosedWork>,
}

impl ToldGates {
    /// Writes the text again where one of these records has changed it.
    pub fn tell(&mut self, desk: &Desk, records: &[Record]) {
        let opens = |event: &&Event| {
            matches!(
                event,
                Event::Approved(_)
                    | Event::AttemptAssigned { .. }
                    | Event::AttemptFailed { .. }
                    | Event::StageDone { .. }
                    | Event::PhaseDone { .. }
                    | Event::Pinned(_)
                    | Event::PlanFinished(_)
                    | Event::MergeLanded(_)
                    | Event::MergeFound(_)
                    | Event::ManifestChanged(_)
            )
        };
        let events = records.iter().map(|record| &record.event);
        let mut changed = events.filter(opens).peekable();
        if changed.peek().is_none() {
            return;
        }
        let plans: Vec<_> = changed.filter_map(Event::plan).collect();
        let open = desk.scheduler.state().open_attempts();
        let lanes = open.map(|(plan, lane, _)| LaneId::new(plan, lane));
        let lanes: Vec<LaneId> = lanes
            .filter(|lane| plans.contains(&&lane.plan) || self.told.contains_key(lane))
            .collect();
        for lane in lanes {
            let Some(gates) = gates_of(desk, &lane) else {
                continue;
            };
            let known = self.told.get(&lane);
            if known.is_none_or(|known| *known != gates)
                && (known.is_some() || !gates.closed.is_empty() || !gates.done.is_empty())
            {
                let worktree = desk.worktree(&lane);
                // Errors do not matter here: other parts detect a missing or damaged worktree.
                if git::is_checkout(&worktree) {
                    let _ = status::write_gates(&worktree, &gates);
                }
                self.told.insert(lane, gates);
            }
        }
        let state = desk.scheduler.state();
        self.told
            .retain(|lane, gates| state.plan(&lane.plan).attempt(&gates.attempt).is_some());
    }
}

/// The work that is closed to the running attempt in the lane; `None` when nothing is closed, or no
/// attempt is running.
fn gates_of(desk: &Desk, lane: &LaneId) -> Option<ClosedWork> {
    let state = desk.scheduler.state();
    let number = state.number(&lane.plan)?;
    let (work, run) = (desk.scheduler.work().plans.get(number)?, state.plan(&lane.plan));
    let attempt = run.attempts.get(&lane.lane)?;
    let closed = admission::closed_to(work, run, state, attempt);
    let done = work.document.items().map(|(item, _)| item);
    let done = done.filter(|item| admission::over(work, run, Some(attempt), item).is_some());
    Some(ClosedWork {
        schema: 1,
        plan: lane.plan.clone(),
        attempt: attempt.id.clone(),
        closed: closed
            .into_iter()
            .map(|(item, why)| (item, closed_because(&why)))
            .collect(),
        done: done.map(|item| item.task.to_string()).collect(),
    })
}
