//! Requests of people while plans run: pause, resume, retry, skip, cancel, approve.
//!
//! A request becomes events, or is refused with a reason. The same events are recorded with and without a supervisor at work.
//! Without one, they take effect when the next supervisor starts.

use super::command::Steer;
use super::refusal::SteerRefusal;
use crate::plan::{Dispatch, PlanName, Point, TaskId, UnitId, WorkRef};
use crate::schedule::event::about::{OfPlan, PauseAsked, SkippedPlan, Steered, TaskReport, UnitOf};
use crate::schedule::event::fact::Event;
use crate::schedule::event::person::person_fact::{MailUpTo, PersonFact};
use crate::schedule::event::resolving::Resolving;
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::event::why::because::{Because, Hold};
use crate::schedule::explain::states::{plan_state, task_state};
use crate::schedule::state::known::State;
use crate::schedule::state::lost::Lost;
use crate::schedule::state::plan_run::{Outcome, PlanRun, Verify};
use crate::schedule::work::plans::{PlanWork, Work};

/// The events of a request. Empty when the request changes nothing.
///
/// # Errors
///
/// When there is no such plan, phase or task, or the request does not apply in its present state.
pub fn steer(work: &Work, state: &State, what: &WorkRef, steer: Steer) -> Result<Vec<Event>, SteerRefusal> {
    let unknown = || SteerRefusal::NoSuchWork(what.clone());
    let number = state.number(&what.plan).ok_or_else(unknown)?;
    let (plan, run) = (&work.plans[number], &state.plans[number]);
    if !exists(plan, what.point) {
        return Err(unknown());
    }
    let asked = SteerRequest {
        work,
        state,
        plan,
        run,
        what,
    };
    // Until the plan has landed, its landing can still wait or go on.
    let lands = !state.is_landed(&plan.name)
        && match steer {
            Steer::Pause | Steer::PauseNow => what.point == Point::Plan,
            Steer::Resume => what.point == Point::Plan || run.paused.contains_key(&what.point),
            Steer::Retry | Steer::Skip | Steer::Cancel | Steer::Approve => false,
        };
    if let (Some(events), Point::Plan) = (asked.about_resolver(number, steer), what.point) {
        return Ok(events);
    }
    if matches!(run.outcome, Some(Outcome::Finished)) && !lands {
        if run.merge_trouble.is_some() && !state.is_landed(&plan.name) {
            let unseen = matches!(run.merge_trouble, Some(MergeTrouble::Review { .. }));
            let refusal = if unseen {
                SteerRefusal::WaitsForReview
            } else {
                SteerRefusal::LandingFailed
            };
            return Err(refusal(asked.name()));
        }
        return Err(SteerRefusal::Ended {
            plan: asked.name(),
            state: plan_state(work, state, &plan.name),
        });
    }
    match steer {
        Steer::Pause | Steer::PauseNow => asked.pause(steer == Steer::PauseNow),
        Steer::Resume => asked.resume(),
        Steer::Retry => asked.retry(),
        Steer::Skip => asked.skip(),
        Steer::Cancel => asked.cancel(),
        Steer::Approve => asked.approve(),
    }
}

/// True when the plan has this phase or task.
pub(super) fn exists(plan: &PlanWork, point: Point) -> bool {
    match point {
        Point::Plan => true,
        Point::Phase(phase) => plan.phase(phase).is_some(),
        Point::Task(task) => plan.tasks().any(|known| known == task),
    }
}

struct SteerRequest<'a> {
    work: &'a Work,
    state: &'a State,
    plan: &'a PlanWork,
    run: &'a PlanRun,
    what: &'a WorkRef,
}

impl SteerRequest<'_> {
    fn name(&self) -> PlanName {
        self.plan.name.clone()
    }

    /// The events of a request about the agent that resolves the plan's conflict: that agent is stopped, or an agent gets the
    /// conflict again.
    fn about_resolver(&self, number: usize, steer: Steer) -> Option<Vec<Event>> {
        let (plan, point) = (self.name(), Point::Plan);
        let finished = self.run.outcome == Some(Outcome::Finished);
        match (steer, &self.run.resolution.agent) {
            (Steer::Cancel, Some(agent)) if finished && agent.cancelled => Some(Vec::new()),
            (Steer::Cancel, Some(_)) if finished => {
                Some(vec![Event::Resolve(Resolving::Cancelled(OfPlan { plan }))])
            }
            (Steer::Retry, None)
                if self.work.resolver(number).is_some() && self.run.in_conflict(&plan).is_some() =>
            {
                Some(vec![Event::RetryRequested(Steered { plan, point })])
            }
            _ => None,
        }
    }

    /// The units that the request is about.
    fn units(&self) -> Vec<UnitId> {
        let inside = |unit: &UnitId| match self.what.point {
            Point::Plan => true,
            Point::Phase(phase) => unit.phase() == phase,
            Point::Task(task) => *unit == UnitId::Task(task),
        };
        let units = self.plan.units.iter().map(|unit| unit.id);
        units.filter(inside).collect()
    }

    /// The phase of the task, when the request is about a task.
    fn phase(&self) -> Option<Point> {
        match self.what.point {
            Point::Task(task) => Some(Point::Phase(task.phase)),
            Point::Phase(_) | Point::Plan => None,
        }
    }

    /// Refuses the request for a task that one agent does together with other tasks. Such a task can only be skipped.
    fn refuse_part(&self, asked: Steer) -> Result<(), SteerRefusal> {
        if self.units().is_empty() {
            let phase = match self.what.point {
                Point::Task(task) => task.phase,
                Point::Phase(phase) => phase,
                Point::Plan => return Ok(()),
            };
            let whole = asked == Steer::Cancel && self.plan.dispatch == Dispatch::Plan;
            let point = if whole { Point::Plan } else { Point::Phase(phase) };
            return Err(SteerRefusal::PartOfOther {
                what: self.what.clone(),
                asked,
                instead: WorkRef::at(&self.plan.name, point),
            });
        }
        Ok(())
    }

    fn pause(&self, now: bool) -> Result<Vec<Event>, SteerRefusal> {
        self.refuse_part(Steer::Pause)?;
        if self.run.has_given_up() {
            return Err(SteerRefusal::NothingToPause(self.what.clone()));
        }
        if self.run.paused.get(&self.what.point) == Some(&now) {
            return Ok(Vec::new());
        }
        Ok(vec![Event::Paused(PauseAsked {
            plan: self.name(),
            point: self.what.point,
            now,
        })])
    }

    fn resume(&self) -> Result<Vec<Event>, SteerRefusal> {
        if self.run.paused.contains_key(&self.what.point) {
            return Ok(vec![Event::Resumed(Steered {
                plan: self.name(),
                point: self.what.point,
            })]);
        }
        // When the whole plan is resumed, its paused parts are resumed too.
        if self.what.point == Point::Plan {
            let points = self.run.paused.keys();
            return Ok(points
                .map(|point| {
                    Event::Resumed(Steered {
                        plan: self.name(),
                        point: *point,
                    })
                })
                .collect());
        }
        Ok(Vec::new())
    }

    fn retry(&self) -> Result<Vec<Event>, SteerRefusal> {
        // A task that one agent does together with other tasks is retried with the whole phase.
        if let (Some(phase), true) = (self.phase(), self.units().is_empty()) {
            let what = WorkRef::at(&self.what.plan, phase);
            return SteerRequest { what: &what, ..*self }.retry();
        }
        if self.run.is_held_as_whole() && self.what.point != Point::Plan {
            return Err(SteerRefusal::HeldAsWhole(self.name()));
        }
        let lost = |unit: &UnitId| self.run.lost.contains_key(unit);
        let waits = |unit: &UnitId| self.run.tries_of(Some(*unit), false).retry_at.is_some();
        let ended = self.run.outcome.is_some();
        let parked = self.what.point == Point::Plan && self.run.repair.retry_at.is_some();
        let agent = |unit: &UnitId| self.plan.unit(*unit).map(|work| work.agent.clone());
        let now = self.state.now;
        let limited =
            |unit: &UnitId| agent(unit).is_some_and(|agent| self.run.parking(&agent, now).is_some());
        let parked = parked || self.units().iter().any(limited);
        let cancelling = self.run.cancelling.contains(&Point::Plan)
            || self.units().iter().any(|unit| self.run.is_being_cancelled(*unit));
        if ended || parked || cancelling || self.units().iter().any(|unit| lost(unit) || waits(unit)) {
            let again = Event::RetryRequested(Steered {
                plan: self.name(),
                point: self.what.point,
            });
            return Ok(self.passed_over().into_iter().chain([again]).collect());
        }
        // The retry was requested before, and has had no effect yet.
        let part_of = [self.what.point, Point::Plan].into_iter().chain(self.phase());
        let open = |unit: &UnitId| !self.run.is_unit_done(*unit);
        if part_of.into_iter().any(|point| self.run.retried.contains(&point)) && self.units().iter().any(open)
        {
            return Ok(Vec::new());
        }
        Err(SteerRefusal::NotFailed {
            what: self.what.clone(),
            state: plan_state(self.work, self.state, &self.plan.name),
        })
    }

    /// The event that the messages of a complete plan, which no agent reads any more, are known to the person who lets it finish.
    fn passed_over(&self) -> Option<Event> {
        let done = self.units().iter().all(|unit| self.run.is_unit_done(*unit));
        let held = matches!(self.run.outcome, Some(Outcome::Held(Hold::Needs { .. })));
        let up_to = self.run.unread().last()?.id;
        let plan = self.name();
        let read = Event::Person(PersonFact::Read(MailUpTo { plan, up_to }));
        (done && held && self.run.verify != Verify::Failed).then_some(read)
    }

    fn skip(&self) -> Result<Vec<Event>, SteerRefusal> {
        if self.units().iter().any(|unit| self.run.is_worked_on(*unit)) {
            return Err(SteerRefusal::WorkedOn(self.what.clone()));
        }
        if self.what.point == Point::Plan {
            if let Some(Outcome::Skipped(_)) = self.run.outcome {
                return Ok(Vec::new());
            }
            return Ok(vec![Event::PlanSkipped(SkippedPlan {
                plan: self.name(),
                cause: self.name(),
                why: Because::LeftOut,
            })]);
        }
        let inside = |task: &TaskId| match self.what.point {
            Point::Plan => true,
            Point::Phase(phase) => task.phase == phase,
            Point::Task(own) => *task == own,
        };
        let tasks = self.plan.tasks().filter(inside);
        let open = tasks.filter(|task| !task_state(self.plan, self.run, *task).is_settled());
        let mut events: Vec<Event> = open.map(|task| self.skipped(task)).collect();
        let whole = self
            .units()
            .into_iter()
            .filter(|unit| !self.run.is_unit_done(*unit));
        // A task that one agent does together with other tasks is not a unit. The unit that contains it stays.
        events.extend(whole.map(|unit| {
            Event::WorkLeftOut(UnitOf {
                plan: self.name(),
                unit,
            })
        }));
        if self.run.has_settled() || self.run.outcome.is_some() {
            events.push(Event::RetryRequested(Steered {
                plan: self.name(),
                point: self.what.point,
            }));
        }
        Ok(events)
    }

    fn skipped(&self, task: TaskId) -> Event {
        let note = Some("a person skipped it".to_owned());
        Event::TaskSkipped(TaskReport {
            title: self.plan.document.title_of(&task.into()),
            ..TaskReport::by_person(self.name(), task.into(), note)
        })
    }

    fn cancel(&self) -> Result<Vec<Event>, SteerRefusal> {
        self.refuse_part(Steer::Cancel)?;
        if self.what.point == Point::Plan {
            let point = Point::Plan;
            let cancelled =
                self.run.outcome == Some(Outcome::Cancelled) || self.run.cancelling.contains(&point);
            let plan = self.name();
            let request = (!cancelled).then_some(Event::CancelRequested(Steered { plan, point }));
            return Ok(request.into_iter().collect());
        }
        if self.plan.dispatch == Dispatch::Plan {
            let (plan, what) = (self.name(), self.what.clone());
            return Err(SteerRefusal::OneAgent { plan, what });
        }
        let open = self.units().into_iter().any(|unit| {
            let cancelled = matches!(self.run.lost.get(&unit), Some(Lost::Cancelled))
                || self.run.is_being_cancelled(unit);
            !self.run.is_unit_done(unit) && !cancelled
        });
        let event = Event::CancelRequested(Steered {
            plan: self.name(),
            point: self.what.point,
        });
        Ok(if open { vec![event] } else { Vec::new() })
    }

    fn approve(&self) -> Result<Vec<Event>, SteerRefusal> {
        if !self.plan.has_gate(self.what.point) {
            let gates = self.plan.gated();
            return Err(SteerRefusal::NoGate {
                what: self.what.clone(),
                gates: gates.map(|point| WorkRef::at(&self.what.plan, point)).collect(),
            });
        }
        if self.run.approved.contains(&self.what.point) {
            return Ok(Vec::new());
        }
        Ok(vec![Event::Approved(Steered {
            plan: self.name(),
            point: self.what.point,
        })])
    }
}
