//! What a person keeps from going on: pauses of a plan and of its parts.

use crate::plan::{Point, UnitId};

use super::plan_run::{Merge, Outcome, PlanRun};
use super::scheduler::{Scheduler, Step};
use super::state::State;
use super::{At, Event, MergeTrouble};

impl PlanRun {
    /// True when a person paused the whole plan: nothing new of it begins, its verification and its landing included.
    pub fn is_paused(&self) -> bool {
        self.paused.contains_key(&Point::Plan)
    }

    /// The part that a person paused and in which the unit lies; none when nothing new of it is held back.
    pub fn pause_of(&self, unit: UnitId) -> Option<Point> {
        let points = [Point::Plan, Point::Phase(unit.phase()), unit.point()];
        points.into_iter().find(|point| self.paused.contains_key(point))
    }

    /// True when a person asked for the unit's agent to be stopped.
    pub fn is_to_be_stopped(&self, unit: UnitId) -> bool {
        let points = [Point::Plan, Point::Phase(unit.phase()), unit.point()];
        points
            .iter()
            .any(|point| self.paused.get(point) == Some(&true) || self.cancelling.contains(point))
    }
}

impl State {
    /// True when only a pause stands between a finished plan and the run's target.
    pub fn is_landing_paused(&self, plan: &crate::plan::PlanName) -> bool {
        let run = self.plan(plan);
        run.is_paused() && run.outcome == Some(Outcome::Finished) && !self.is_landed(plan)
    }
}

impl Scheduler {
    /// Takes plans that a person paused out of the merge queue. One that is being landed at this moment is past that.
    pub(super) fn refuse_paused(&mut self, at: At, step: &mut Step) {
        let paused = self.state.plans().filter(|(name, run)| {
            run.is_paused() && run.merge != Merge::Idle && !self.train.is_landing(name)
        });
        for plan in paused.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
            let why = MergeTrouble::Refused {
                why: format!("it is paused: `orch resume {plan}` lets it go on"),
            };
            self.record(at, Event::MergeFailed { plan, why }, step);
        }
    }
}
