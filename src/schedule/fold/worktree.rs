//! The fold of a plan's worktrees.

use crate::schedule::event::about::{LaneNote, LaneOf};
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::why::because::Hold;
use crate::schedule::state::plan_run::{Outcome, PlanRun, WorktreeMade};

pub(in crate::schedule) fn apply_worktree(run: &mut PlanRun, at: At, event: &Event) {
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
            run.making.remove(lane);
            run.worktrees.insert(*lane, made);
        }
        Event::WorktreeRefused(LaneNote { lane, why, .. }) => {
            run.making.remove(lane);
            match lane {
                0 => run.end(
                    at,
                    Outcome::Held(Hold::Refused {
                        why: why.as_str().into(),
                    }),
                ),
                // The plan continues in the worktrees that it has.
                _ => drop(run.lanes_refused.insert(*lane, why.clone())),
            }
        }
        Event::WorktreeWaits(LaneNote { lane, why, .. }) => {
            run.making.insert(*lane, why.clone());
        }
        Event::WorktreeDeferred(LaneNote { lane, .. }) => {
            run.making.remove(lane);
        }
        Event::WorktreeLost(LaneOf { lane, .. }) => {
            run.worktrees.remove(lane);
        }
        _ => {}
    }
}
