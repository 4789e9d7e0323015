//! What a person keeps from going on: pauses and cancellations of a plan and of its parts.

use crate::plan::{Point, UnitId};

use super::known::State;
use super::plan_run::{Merge, Outcome, PlanRun};
use crate::schedule::drive::scheduler::{Scheduler, Step};
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::merge_facts::NotLanded;
use crate::schedule::event::trouble::MergeTrouble;

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
        points.iter().any(|point| self.paused.get(point) == Some(&true)) || self.is_being_cancelled(unit)
    }

    /// True when a person cancelled the unit, alone or with what it is part of, and nobody asked for it again since.
    pub fn is_being_cancelled(&self, unit: UnitId) -> bool {
        if self.cancelling.contains(&Point::Plan) {
            return true;
        }
        let narrow_first = [unit.point(), Point::Phase(unit.phase())];
        let said = narrow_first
            .iter()
            .find(|point| self.cancelling.contains(point) || self.spared.contains(point));
        said.is_some_and(|point| self.cancelling.contains(point))
    }

    /// A person cancels the point, whatever part of it was wanted again before.
    pub(in crate::schedule) fn cancel(&mut self, point: Point) {
        self.spared.retain(|spared| !lies_in(*spared, point));
        self.retried.retain(|retried| !lies_in(*retried, point));
        self.cancelling.insert(point);
    }

    /// A person wants the point after all: all of it, and of what it lies in nothing else.
    pub(in crate::schedule) fn want_again(&mut self, point: Point) {
        self.cancelling.retain(|cancelled| !lies_in(*cancelled, point));
        // A plan that goes on in a part goes on.
        self.cancelling.remove(&Point::Plan);
        self.spared.retain(|spared| !lies_in(*spared, point));
        if self.cancelling.iter().any(|cancelled| lies_in(point, *cancelled)) {
            self.spared.insert(point);
        }
        self.retried.insert(point);
    }
}

/// True when the one is the other or a part of it.
pub(in crate::schedule) fn lies_in(part: Point, whole: Point) -> bool {
    match (part, whole) {
        (_, Point::Plan) => true,
        (Point::Plan, _) => false,
        (Point::Phase(phase), Point::Phase(of)) => phase == of,
        (Point::Task(task), Point::Phase(of)) => task.phase == of,
        (Point::Phase(_), Point::Task(_)) => false,
        (Point::Task(task), Point::Task(of)) => task == of,
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
    pub(in crate::schedule) fn refuse_paused(&mut self, at: At, step: &mut Step) {
        let paused = self.state.plans().filter(|(name, run)| {
            run.is_paused() && run.merge != Merge::Idle && !self.train.is_landing(name)
        });
        let paused: Vec<_> = paused
            .map(|(name, run)| (name.clone(), run.merge_up_to))
            .collect();
        for (plan, up_to) in paused {
            let why = MergeTrouble::Refused {
                why: format!("it is paused: `orch resume {plan}` lets it go on"),
            };
            self.record(at, Event::MergeFailed(NotLanded { plan, up_to, why }), step);
        }
    }
}
