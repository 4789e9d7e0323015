//! Which commits of plans are to be kept: those that others start from, and those up to which a plan can land.

use crate::plan::{Point, WorkRef};

use crate::schedule::board::ask::Ask;
use crate::schedule::board::effect::Effect;
use crate::schedule::drive::scheduler::{Scheduler, Step};
use crate::schedule::ready::dispatch::handed_on;

impl Scheduler {
    /// Pins every point of the plan that some other waits for, as soon as it is reached.
    pub(in crate::schedule) fn pin_what_is_waited_for(&mut self, plan: usize, step: &mut Step) {
        let run = &self.state.plans[plan];
        if run.worktree().is_none() {
            return;
        }
        let due: Vec<WorkRef> = self.waited[plan]
            .iter()
            .filter(|work| {
                run.has_reached(work.point)
                    && !run.pins.contains_key(&work.point)
                    && !run.pins_refused.contains_key(&work.point)
            })
            .cloned()
            .collect();
        for work in due {
            if let Some(key) = self.first_behind(&work) {
                self.frontier.pinning.insert((plan, work.point), key);
            }
            self.pin(work, true, step);
        }
        self.pin_ends(plan, step);
    }

    /// Notes the commits with which phases end that nobody waits for: up to there the plan can land.
    fn pin_ends(&mut self, plan: usize, step: &mut Step) {
        let (work, run) = (&self.work.plans[plan], &self.state.plans[plan]);
        let done = run.phases_done.len();
        if !run.is_open() || done == work.phases.len() || done <= run.ends.len() {
            return;
        }
        let due = run.phases_done.keys().map(|phase| Point::Phase(*phase));
        let due = due.filter(|point| !run.pins.contains_key(point) && !run.pins_refused.contains_key(point));
        let due: Vec<Point> = due.collect();
        for point in due {
            let plan = self.work.plans[plan].name.clone();
            self.pin(WorkRef { plan, point }, false, step);
        }
    }

    fn pin(&mut self, WorkRef { plan, point }: WorkRef, wanted: bool, step: &mut Step) {
        let ask = Ask::Pin(plan.clone(), point);
        let run = self.state.plan(&plan);
        let done = run.phases_done.keys().copied();
        let phase = match point {
            Point::Phase(phase) => Some(phase),
            Point::Plan | Point::Task(_) => None,
        };
        let (verified, holds) = match phase.and_then(|phase| run.verified_end(phase)) {
            Some((commit, holds)) => (Some(commit), holds),
            None => (None, done.filter(|_| point.phase().is_some()).collect()),
        };
        let number = self.state.number(&plan);
        let handed_on = number.map(|number| handed_on(&self.work.plans[number], &self.state));
        let effect = Effect::Pin {
            holds,
            handed_on: handed_on.unwrap_or_default(),
            plan,
            point,
            wanted,
            verified,
        };
        self.ask(ask, effect, step);
    }
}
