//! Stopping when a person asks, and ending when nothing is left to do without one.

use crate::plan::{AttemptId, Point, UnitId};

use super::scheduler::{Scheduler, Step};
use crate::schedule::board::ask::Ask;
use crate::schedule::board::effect::{Effect, Ending};
use crate::schedule::event::about::{OfPlan, UnitOf};
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::state::attempt::Stage;
use crate::schedule::state::known::Phase;
use crate::schedule::state::plan_run::{Outcome, PlanRun, Verify};

impl Scheduler {
    pub(in crate::schedule) fn stop_agents(&mut self, at: At, step: &mut Step) {
        let Phase::Stopping { now } = self.state.phase else {
            return;
        };
        let running = self
            .state
            .all_attempts()
            .filter(|(_, _, attempt)| attempt.stage == Stage::Running)
            .map(|(_, _, attempt)| attempt.id.clone());
        let running: Vec<AttemptId> = running.collect();
        for attempt in running {
            let stop = Effect::Stop {
                attempt: attempt.clone(),
                now,
            };
            self.ask(Ask::Stop(attempt, now), stop, step);
        }
        self.stop_resolvers(step);
        let verifying = |run: &PlanRun| run.verify == Verify::Running;
        let verified = self.state.plans().filter(|(_, run)| verifying(run));
        for plan in verified.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
            let stop = Effect::StopVerification { plan: plan.clone() };
            self.ask(Ask::StopVerification(plan), stop, step);
        }
        self.stop_phase_checks(step);
        self.stop_train(at, step);
    }

    /// Stops agents of what a person cancelled, or paused at once, and records plans and parts of which nothing runs any
    /// more.
    pub(in crate::schedule) fn stop_unwanted(&mut self, at: At, number: usize, step: &mut Step) {
        let run = &self.state.plans[number];
        if run.paused.is_empty() && run.cancelling.is_empty() {
            return;
        }
        let unwanted = run
            .attempts
            .values()
            .filter(|attempt| attempt.units.iter().any(|unit| run.is_to_be_stopped(*unit)))
            .filter(|attempt| attempt.stage == Stage::Running);
        let unwanted: Vec<AttemptId> = unwanted.map(|attempt| attempt.id.clone()).collect();
        for attempt in unwanted {
            let stop = Effect::Stop {
                attempt: attempt.clone(),
                now: false,
            };
            self.ask(Ask::Stop(attempt, false), stop, step);
        }
        let (plan, run) = (&self.work.plans[number], &self.state.plans[number]);
        let name = plan.name.clone();
        let idle = !run.is_at_work() && run.verify != Verify::Running && run.resolution.agent.is_none();
        if run.cancelling.contains(&Point::Plan) && idle {
            self.record(at, Event::PlanCancelled(OfPlan { plan: name }), step);
            return;
        }
        let cancelled = plan.units.iter().map(|unit| unit.id).filter(|unit| {
            run.is_being_cancelled(*unit) && !run.is_worked_on(*unit) && !run.is_unit_settled(*unit)
        });
        let cancelled: Vec<UnitId> = cancelled.collect();
        for unit in cancelled {
            let plan = name.clone();
            self.record(at, Event::WorkCancelled(UnitOf { plan, unit }), step);
        }
    }

    /// Stops the verification of a plan that a person cancelled, or paused at once.
    pub(in crate::schedule) fn stop_unwanted_verification(&mut self, number: usize, step: &mut Step) {
        let run = &self.state.plans[number];
        let unwanted = run.paused.get(&Point::Plan) == Some(&true) || run.cancelling.contains(&Point::Plan);
        if unwanted && run.verify == Verify::Running {
            let plan = self.work.plans[number].name.clone();
            let stop = Effect::StopVerification { plan: plan.clone() };
            self.ask(Ask::StopVerification(plan), stop, step);
        }
    }

    /// Sets the timer for the next retry, or ends when nothing can happen any more without a person.
    pub(in crate::schedule) fn wake_or_end(&mut self, at: At, step: &mut Step) {
        let stopping = matches!(self.state.phase, Phase::Stopping { .. });
        let merge_only = self.is_merge_only();
        let timer = self.frontier.timers.next().filter(|_| !stopping && !merge_only);
        let alarm = self.frontier.alarms.next().filter(|_| !merge_only);
        let reopens = self.resolver_reopens().filter(|_| !stopping && !merge_only);
        let looks = self.frontier.next_look;
        if let Some(due) = [timer, alarm, reopens, looks].into_iter().flatten().min() {
            self.ask(Ask::Wake(due), Effect::Wake { at: due }, step);
        }
        if timer.is_some() || reopens.is_some() {
            return;
        }
        // What only waits for the verification of its phase is there after a restart too.
        let at_work = |stage: &Stage| !(stopping && matches!(stage, Stage::Checked(..)));
        let attempts = || self.state.all_attempts();
        let busy = !merge_only && attempts().any(|(_, _, attempt)| at_work(&attempt.stage));
        let waiting = || {
            let mut asks = self.asked.iter();
            asks.any(|ask| {
                !matches!(
                    ask,
                    Ask::Wake(_)
                        | Ask::End
                        | Ask::StopVerification(_)
                        | Ask::StopPhaseCheck(..)
                        | Ask::StopTrial(_)
                        | Ask::Union(_)
                        | Ask::StopUnion(_)
                        | Ask::Look(_)
                )
            })
        };
        // What is tried early keeps nobody waiting, unless it has what the train needs.
        let lent = !stopping && self.train.wanted_back() > 0;
        if busy || lent || waiting() {
            return;
        }
        let driven = || self.state.plans().filter(|(name, _)| self.state.drives(name));
        let settled = self.work.plans.iter().all(|plan| {
            let run = self.state.plan(&plan.name);
            !self.state.drives(&plan.name) || (run.has_settled() && !self.state.is_landing_paused(&plan.name))
        });
        let (event, ending) = if stopping {
            let why = "a person asked to stop".to_owned();
            (Event::RunStopped { why, resume: true }, Ending::Interrupted)
        } else if merge_only {
            let why = "nothing is left to merge".to_owned();
            (Event::RunStopped { why, resume: true }, Ending::Settled)
        } else if settled {
            let troubled = driven().any(|(_, run)| {
                !matches!(run.outcome, Some(Outcome::Finished)) || is_trouble(run.merge_trouble.as_ref())
            });
            let ending = if troubled {
                Ending::NeedsPerson
            } else {
                Ending::Settled
            };
            (Event::RunSettled {}, ending)
        } else {
            let why = "what is left needs a person".to_owned();
            (Event::RunStopped { why, resume: false }, Ending::NeedsPerson)
        };
        if self.asked.insert(Ask::End) {
            if ending == Ending::NeedsPerson {
                self.escalate_what_needs_a_person(at, step);
            }
            self.state.apply(at, &event);
            step.events.push(event);
            step.effects.push(Effect::End(ending));
        }
    }
}

fn is_trouble(trouble: Option<&MergeTrouble>) -> bool {
    trouble.is_some_and(|trouble| {
        let refused = matches!(
            trouble,
            MergeTrouble::Refused { .. } | MergeTrouble::Obstacle { .. }
        );
        trouble.holds() || refused
    })
}
