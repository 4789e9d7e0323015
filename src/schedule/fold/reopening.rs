//! Opening again what had ended: because a person started `orch up` again, or asked for another try.

use crate::plan::{Point, UnitId};

use crate::schedule::event::at::At;
use crate::schedule::event::trouble::Hold;
use crate::schedule::state::lost::Lost;
use crate::schedule::state::plan_run::{Outcome, PlanRun, Verify};
use crate::schedule::state::tries::Tries;

impl PlanRun {
    /// A person started `orch up` again: what needed a person is tried anew, and in a new run so is what failed.
    pub(in crate::schedule) fn reopen(&mut self, at: At, new_run: bool) {
        let again = match self.outcome {
            // What may be left out is not asked once more: a person says so.
            Some(Outcome::Held(Hold::TakenAway { .. })) => false,
            Some(Outcome::Held(_)) => true,
            // A person's word stands until a person takes it back.
            Some(Outcome::Skipped(_)) if self.left_out => false,
            Some(Outcome::Failed(_) | Outcome::Skipped(_)) => new_run,
            Some(Outcome::Finished | Outcome::Cancelled) | None => false,
        };
        if again {
            self.outcome = None;
            self.since = at;
            if self.verify == Verify::Failed {
                self.verify = Verify::Open;
            }
        }
        if new_run {
            self.lost.retain(|_, lost| matches!(lost, Lost::Cancelled));
        } else if again {
            // What failed stays so for the run, and with it what was skipped because of it.
            self.lost.retain(|_, lost| !matches!(lost, Lost::Held { .. }));
        }
        if again || new_run {
            self.parked.clear();
            self.repair.begin_again();
            let open = self
                .tries
                .iter_mut()
                .filter(|(unit, _)| !self.lost.contains_key(unit));
            open.for_each(|(_, tries)| tries.begin_again());
        }
        self.merge_trouble = None;
        self.prefix_trouble = None;
        self.making.clear();
        if new_run {
            self.escalated.clear();
            if self.has_made_nothing() {
                // Made ready again for this run: its branch goes along to where the run begins.
                self.worktrees.clear();
            }
        }
        self.pins_refused.clear();
        self.lanes_refused.clear();
    }

    /// True when nothing was ever begun of the plan, and nobody said anything about it.
    pub(in crate::schedule) fn is_untouched(&self) -> bool {
        let steered = !self.paused.is_empty() || !self.approved.is_empty() || !self.cancelling.is_empty();
        self.worktrees.is_empty() && !steered && self.has_made_nothing()
    }

    /// True when nobody works on the plan and no attempt has brought a commit to its branch.
    fn has_made_nothing(&self) -> bool {
        let alone = self.worktrees.keys().all(|lane| *lane == 0);
        alone
            && self.outcome.is_none()
            && self.attempts.is_empty()
            && self.proven.is_empty()
            && self.phases_done.is_empty()
            && self.pins.is_empty()
            && self.landed.is_empty()
            && !self.people_spoke
            && self.tries.values().all(|tries| tries.commits == 0)
    }

    /// A person asked for another try of the plan or a part of it. What was skipped because of it is open again too; it is
    /// skipped anew if its cause stays.
    pub(in crate::schedule) fn retry(&mut self, at: At, point: Point) {
        let inside = |unit: &UnitId| match point {
            Point::Plan => true,
            Point::Phase(phase) => unit.phase() == phase,
            Point::Task(task) => *unit == UnitId::Task(task) || *unit == UnitId::Phase(task.phase),
        };
        self.lost
            .retain(|unit, lost| !(inside(unit) || matches!(lost, Lost::Skipped { .. })));
        let tries = self.tries.iter_mut().filter(|(unit, _)| inside(unit));
        tries.for_each(|(_, tries)| tries.begin_again());
        if point == Point::Plan {
            self.repair.begin_again();
            // An agent may be given its conflict once more.
            self.resolution.tried.clear();
            self.resolution.last = None;
        }
        self.want_again(point);
        self.left_out = false;
        if self.outcome.is_some() && !matches!(self.outcome, Some(Outcome::Finished)) {
            self.outcome = None;
            if self.verify == Verify::Failed {
                self.verify = Verify::Open;
            }
        }
        self.parked.clear();
        self.escalated.clear();
        self.pins_refused.clear();
        self.lanes_refused.clear();
        self.since = at;
    }
}

impl Tries {
    /// A person lets it be tried anew: retries are counted from the beginning, what was made stays.
    fn begin_again(&mut self) {
        self.failures = 0;
        self.conflicts = 0;
        self.retry_at = None;
        self.alike = 0;
    }
}
