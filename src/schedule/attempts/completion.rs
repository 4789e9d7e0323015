//! What follows from the end of an attempt: a leg done, a retry, a plan finished, failed, held or skipped.

use crate::plan::{AttemptId, Dispatch, PhaseId, PlanName, UnitId};

use super::backoff;
use super::lost_lane::{has_lost_its_place, lane_of};
use super::starting::work_place;
use crate::schedule::board::ask::Ask;
use crate::schedule::board::effect::Effect;
use crate::schedule::drive::scheduler::{Scheduler, Step};
use crate::schedule::event::about::Failed;
use crate::schedule::event::about::{OfPlan, UnitOf};
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::trouble::{Hold, LaunchTrouble};
use crate::schedule::judge::failure::Failure;
use crate::schedule::judge::loop_breaker::{LOOP, is_brief, loop_words};
use crate::schedule::judge::proof_of::{Claim, Proof};
use crate::schedule::judge::reported::reported_phases;
use crate::schedule::judge::verdict::{Verdict, judge};
use crate::schedule::ready::built_on::built_on;
use crate::schedule::ready::dispatch::handed_on;
use crate::schedule::state::attempt::Stage;
use crate::schedule::state::plan_run::Verify;
use crate::schedule::work::plans::PhaseWork;

impl Scheduler {
    /// What follows at once from a fact about one plan, before the plans are looked at as a whole.
    pub(in crate::schedule) fn react(&mut self, at: At, event: &Event, step: &mut Step) {
        match event {
            Event::AgentRefused {
                plan,
                attempt,
                why: trouble,
            } => {
                let (why, hold) = match trouble {
                    LaunchTrouble::Conflict { with, files } => {
                        let hold = Hold::Conflict {
                            with: with.clone(),
                            files: files.clone(),
                        };
                        (
                            format!("it conflicts with {with}: {}", files.join(", ")),
                            Some(hold),
                        )
                    }
                    LaunchTrouble::Refused { why } => (why.clone(), Some(Hold::Refused { why: why.clone() })),
                    LaunchTrouble::Failed { why } | LaunchTrouble::Lost { why } => (why.clone(), None),
                };
                let lost = matches!(trouble, LaunchTrouble::Lost { .. });
                let lane = lane_of(self.state.plan(plan), attempt).filter(|_| lost);
                match hold {
                    Some(hold) => self.hold_attempt(at, plan, attempt, &why, hold, step),
                    None => self.retry_or_give_up(at, plan, attempt, &Failure::counted(why), step),
                }
                if let Some(lane) = lane {
                    self.lose_worktree(at, plan, lane, step);
                }
            }
            Event::VerifyFailed(Failed { plan, why }) => {
                if let Some(work) = self.plan_work(plan) {
                    let failures = self.state.plan(plan).repair.failures;
                    if failures > work.attempts.retries {
                        let held = Event::PlanHeld {
                            plan: plan.clone(),
                            why: Hold::Verification { why: why.clone() },
                        };
                        self.record(at, held, step);
                    }
                }
            }
            _ => {}
        }
    }

    /// An attempt that nobody but a person can help: its plan is held, or where others of the plan go on, its work is.
    pub(in crate::schedule) fn hold_attempt(
        &mut self,
        at: At,
        plan: &PlanName,
        attempt: &AttemptId,
        why: &str,
        hold: Hold,
        step: &mut Step,
    ) {
        let run = self.state.plan(plan);
        let current = run.attempt(attempt);
        let unit = current
            .filter(|current| run.by_units && !current.repair)
            .and_then(|current| current.units.first().copied());
        self.fail_attempt(at, plan, attempt, &Failure::uncounted(why), None, step);
        let event = match unit {
            None => Event::PlanHeld {
                plan: plan.clone(),
                why: hold,
            },
            Some(unit) => Event::WorkFailed {
                plan: plan.clone(),
                unit,
                why: why.to_owned(),
                held: true,
                built_on: Vec::new(),
            },
        };
        self.record(at, event, step);
    }

    /// Records tasks that are not needed, where tasks are worked on one by one.
    pub(in crate::schedule) fn leave_out(&mut self, at: At, index: usize, step: &mut Step) {
        let plan = &self.work.plans[index];
        let run = &self.state.plans[index];
        let skips = self.frontier.standing[index]
            .as_ref()
            .is_none_or(|standing| standing.skips);
        if plan.dispatch != Dispatch::Task || !skips {
            return;
        }
        let open = plan.units.iter().map(|unit| unit.id);
        let given_up = open.filter(|unit| match unit {
            UnitId::Task(task) => !run.is_unit_settled(*unit) && run.is_given_up_on(*task),
            UnitId::Phase(_) => false,
        });
        let given_up: Vec<UnitId> = given_up.collect();
        let name = plan.name.clone();
        for unit in given_up {
            let plan = name.clone();
            self.record(at, Event::WorkLeftOut(UnitOf { plan, unit }), step);
        }
    }

    /// Records phases of which everything is settled, in order.
    pub(in crate::schedule) fn close_phases(&mut self, at: At, index: usize, step: &mut Step) {
        let plan = &self.work.plans[index];
        let run = &self.state.plans[index];
        if run.phases_done.len() == plan.phases.len() {
            return;
        }
        let done = if run.by_units {
            let mut closable = std::mem::take(&mut self.standing(index).closable);
            closable.sort_unstable();
            let (plan, run) = (&self.work.plans[index], &self.state.plans[index]);
            let phases = closable.into_iter().map(|place| plan.phases[place].id);
            phases
                .filter(|phase| !run.phases_done.contains_key(phase))
                .collect()
        } else {
            reported_phases(plan, run)
        };
        let (waited, plain): (Vec<PhaseId>, Vec<PhaseId>) = done
            .into_iter()
            .partition(|phase| self.work.plans[index].is_verified(&self.state.plans[index], *phase));
        let passed = self.checked_by_nobody(at, index, &waited, step);
        let (plan, run) = (&self.work.plans[index], &self.state.plans[index]);
        if run.by_units {
            let open = waited.iter().filter(|phase| !passed.contains(phase));
            let places = open.filter_map(|open| plan.phases.iter().position(|phase| phase.id == *open));
            let places: Vec<usize> = places.collect();
            self.standing(index).closable.extend(places);
        }
        let done = plain.into_iter().chain(passed);
        let plan = &self.work.plans[index];
        let (name, by_units) = (plan.name.clone(), plan.by_units());
        for phase in done {
            let event = Event::PhaseDone {
                plan: name.clone(),
                phase,
                proven: by_units,
            };
            self.record(at, event, step);
        }
    }

    /// Looks at what ended attempts of the plan left, and judges those of which all is known.
    pub(in crate::schedule) fn finish_attempts(&mut self, at: At, index: usize, step: &mut Step) {
        let lanes: Vec<u32> = self.state.plans[index].attempts.keys().copied().collect();
        for lane in lanes {
            if self.sends_on(at, index, lane, step) {
                continue;
            }
            let plan = &self.work.plans[index];
            let run = &self.state.plans[index];
            let Some(attempt) = run.attempts.get(&lane) else {
                continue;
            };
            let name = plan.name.clone();
            if matches!(attempt.stage, Stage::Ended(_)) {
                let check = Effect::Check {
                    plan: name,
                    attempt: attempt.id.clone(),
                    place: work_place(plan, run, lane, attempt),
                    since: attempt.head.clone().or_else(|| run.tip_before_people(attempt)),
                    said: run.said_on(attempt),
                    handed_on: handed_on(plan, &self.state),
                };
                let ask = Ask::Check(attempt.id.clone());
                self.ask(ask, check, step);
                continue;
            }
            // Its commits are on their way to the plan's branch: what is reported now comes too late to stop them.
            if self.asked.contains(&Ask::Integrate(attempt.id.clone())) {
                continue;
            }
            let Some(verdict) = judge(plan, run, attempt) else {
                continue;
            };
            let (id, lost) = (attempt.id.clone(), has_lost_its_place(attempt));
            match verdict {
                Verdict::Done { assumed, odd } => self.complete(at, index, lane, assumed, odd, step),
                Verdict::Held(why) => {
                    let hold = Hold::Stuck { why: why.clone() };
                    self.hold_attempt(at, &name, &id, &why, hold, step);
                }
                Verdict::Parked(obstacle) => self.park(at, &name, &id, &obstacle, step),
                Verdict::Needs(obstacle) => {
                    let (why, how) = self.what_is_needed(attempt, &name, &obstacle);
                    self.hold_attempt(at, &name, &id, &why.clone(), Hold::Needs { why, how }, step);
                }
                Verdict::Incomplete(failure) => self.retry_or_give_up(at, &name, &id, &failure, step),
            }
            if lost {
                self.lose_worktree(at, &name, lane, step);
            }
        }
    }

    pub(in crate::schedule) fn retry_or_give_up(
        &mut self,
        at: At,
        plan: &PlanName,
        attempt: &AttemptId,
        failure: &Failure,
        step: &mut Step,
    ) {
        let Some(work) = self.plan_work(plan) else {
            return;
        };
        let policy = work.attempts.clone();
        let run = self.state.plan(plan);
        let Some(current) = run.attempt(attempt) else {
            return;
        };
        let (unit, repair) = (current.units.first().copied(), current.repair);
        let tries = run.tries_of(unit, repair);
        let failures = tries.failures + u32::from(failure.counted);
        let brief = failure.counted && is_brief(current, run.history_of(attempt));
        let alike = tries.alike_with(&failure.why, brief);
        let looping = alike >= LOOP && !failure.hopeless && failures <= policy.retries;
        let give_up = failure.hopeless || failures > policy.retries || looping;
        let delay = (!give_up).then(|| {
            let delay = if failure.counted {
                backoff::delay(policy.backoff, failures, attempt)
            } else {
                Default::default()
            };
            u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)
        });
        let attempts = tries.attempts;
        self.fail_attempt(at, plan, attempt, failure, delay, step);
        if give_up {
            let why = if looping {
                loop_words(&failure.why, alike, policy.retries + 1 - failures)
            } else if failure.hopeless || attempts <= 1 {
                failure.why.clone()
            } else {
                format!("{} (attempt {attempts}, no retries left)", failure.why)
            };
            self.give_up(at, plan, unit, repair, why, step);
        }
    }

    fn give_up(
        &mut self,
        at: At,
        plan: &PlanName,
        unit: Option<UnitId>,
        repair: bool,
        why: String,
        step: &mut Step,
    ) {
        let plan = plan.clone();
        let event = match (repair, unit, self.plan_work(&plan)) {
            (true, _, _) => Event::PlanHeld {
                plan,
                why: Hold::Verification { why },
            },
            (false, Some(unit), Some(work)) if work.dispatch != Dispatch::Plan => {
                let held = work.is_background(unit);
                let built_on = if held {
                    let number = self.state.number(&plan);
                    number.map_or_else(Vec::new, |number| built_on(&self.work, &self.state, number, unit))
                } else {
                    Vec::new()
                };
                Event::WorkFailed {
                    plan,
                    unit,
                    why,
                    held,
                    built_on,
                }
            }
            (false, _, _) => Event::PlanFailed(Failed { plan, why }),
        };
        self.record(at, event, step);
    }

    fn fail_attempt(
        &mut self,
        at: At,
        plan: &PlanName,
        attempt: &AttemptId,
        failure: &Failure,
        retry_in_ms: Option<u64>,
        step: &mut Step,
    ) {
        let failed = Event::AttemptFailed {
            plan: plan.clone(),
            attempt: attempt.clone(),
            why: failure.why.clone(),
            retry_in_ms,
            counted: failure.counted,
            nothing_made: failure.nothing_made,
            unread: false,
        };
        self.record(at, failed, step);
    }

    pub(in crate::schedule) fn verify_or_finish(&mut self, at: At, index: usize, step: &mut Step) {
        let plan = &self.work.plans[index];
        let run = &self.state.plans[index];
        if !run.is_open() || run.is_at_work() || run.worktree().is_none() {
            return;
        }
        let is_open = |phase: &PhaseWork| phase.verify && !run.phases_done.contains_key(&phase.id);
        let mut open = plan.phases.iter().filter(|phase| is_open(phase));
        let units = self.look(index).all_done() && !open.any(|phase| plan.is_verified(run, phase.id));
        let verified = !plan.verify || matches!(run.verify, Verify::Passed(_));
        let found = [(Proof::Units, units), (Proof::Verified, verified)];
        let name = plan.name.clone();
        match (Claim::PlanFinished.missing(&found), &run.verify) {
            // It was begun before a restart, and something was opened again since.
            (Some(Proof::Units), Verify::Running) if !self.asked.contains(&Ask::Verify(name.clone())) => {
                self.record(at, Event::VerifyStopped(OfPlan { plan: name }), step);
            }
            (Some(Proof::Units), _) => {}
            // What was begun before a restart is seen to its end all the same.
            (_, Verify::Open | Verify::Passed(_) | Verify::Failed) if run.is_paused() => {}
            (None, _) => {
                self.tell_of_unread(at, &name, step);
                self.record(at, Event::PlanFinished(OfPlan { plan: name }), step);
            }
            (Some(_), Verify::Open) => {
                self.record(at, Event::VerifyStarted(OfPlan { plan: name.clone() }), step);
                self.ask(Ask::Verify(name.clone()), Effect::Verify { plan: name }, step);
            }
            // After a restart: it was begun, and nobody knows how it ended.
            (Some(_), Verify::Running) => {
                self.ask(Ask::Verify(name.clone()), Effect::Verify { plan: name }, step);
            }
            (Some(_), Verify::Failed | Verify::Passed(_)) => {}
        }
    }
}
