//! The fold of what is told of a plan's worktrees.

use crate::schedule::event::about::{LaneNote, LaneOf};
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::trouble::Hold;
use crate::schedule::state::plan_run::{Outcome, PlanRun, WorktreeMade};

impl PlanRun {
    pub(in crate::schedule) fn apply_worktree(&mut self, at: At, event: &Event) {
        match event {
            Event::WorktreeCreated {
                lane,
                path,
                branch,
                base,
                ..
            } => {
                let made = WorktreeMade {
                    path: path.clone(),
                    branch: branch.clone(),
                    base: base.clone(),
                };
                self.making.remove(lane);
                self.worktrees.insert(*lane, made);
            }
            Event::WorktreeRefused(LaneNote { lane, why, .. }) => {
                self.making.remove(lane);
                match lane {
                    0 => self.end(at, Outcome::Held(Hold::Refused { why: why.clone() })),
                    // The plan goes on in those that it has.
                    _ => drop(self.lanes_refused.insert(*lane, why.clone())),
                }
            }
            Event::WorktreeWaits(LaneNote { lane, why, .. }) => {
                self.making.insert(*lane, why.clone());
            }
            Event::WorktreeDeferred(LaneNote { lane, .. }) => {
                self.making.remove(lane);
            }
            Event::WorktreeLost(LaneOf { lane, .. }) => {
                self.worktrees.remove(lane);
            }
            _ => {}
        }
    }
}
