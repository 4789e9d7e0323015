//! What follows from the end of an attempt: a leg done, a retry, a plan finished, failed, held or skipped.

use crate::plan::{AttemptId, PlanName};

use super::answers::Ask;
use super::judge::{Verdict, judge};
use super::plan_run::{Outcome, Stage, Verify};
use super::scheduler::{Scheduler, Step};
use super::{At, Effect, Event, Hold, LaunchTrouble, backoff};

impl Scheduler {
    /// What follows at once from a fact about one plan, before the plans are looked at as a whole.
    pub(super) fn react(&mut self, at: At, event: &Event, step: &mut Step) {
        match event {
            Event::AgentRefused { plan, attempt, why } => {
                let (why, end) = match why {
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
                    LaunchTrouble::Failed { why } => (why.clone(), None),
                };
                match end {
                    Some(hold) => {
                        self.fail_attempt(at, plan, attempt, &why, false, None, step);
                        let held = Event::PlanHeld {
                            plan: plan.clone(),
                            why: hold,
                        };
                        self.record(at, held, step);
                    }
                    None => self.retry_or_give_up(at, plan, attempt, &why, true, false, step),
                }
            }
            Event::VerifyFailed { plan, why } => {
                if let Some(work) = self.plan_work(plan) {
                    let failures = self.state.plan(plan).failures;
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

    /// Records phases whose tasks are all settled, in order.
    pub(super) fn close_phases(&mut self, at: At, index: usize, step: &mut Step) {
        let plan = &self.work.plans[index];
        let run = self.state.plan(&plan.name);
        if run.phases_done.len() == plan.phases.len() {
            return;
        }
        let mut done = Vec::new();
        let mut earlier_done = true;
        for phase in &plan.phases {
            if run.phases_done.contains_key(&phase.id) {
                continue;
            }
            let settled = phase
                .tasks
                .iter()
                .all(|(task, _)| run.is_item_settled(&(*task).into()));
            // A phase without tasks has nothing to report: it is done with all that stands before it.
            if settled && (!phase.tasks.is_empty() || (earlier_done && !done.is_empty())) {
                done.push(phase.id);
            } else {
                earlier_done = false;
            }
        }
        let name = plan.name.clone();
        for phase in done {
            let event = Event::PhaseDone {
                plan: name.clone(),
                phase,
            };
            self.record(at, event, step);
        }
    }

    pub(super) fn finish_attempt(&mut self, at: At, index: usize, step: &mut Step) {
        let plan = &self.work.plans[index];
        let name = plan.name.clone();
        let run = self.state.plan(&name);
        let Some(attempt) = &run.attempt else {
            return;
        };
        if matches!(attempt.stage, Stage::Ended(_)) {
            let check = Effect::Check {
                plan: name,
                attempt: attempt.id.clone(),
                since: attempt.head.clone(),
            };
            let ask = Ask::Check(attempt.id.clone());
            self.ask(ask, check, step);
            return;
        }
        let Some(verdict) = judge(plan, run, attempt) else {
            return;
        };
        let (id, phases) = (attempt.id.clone(), attempt.phases.clone());
        match verdict {
            Verdict::Done(unreported) => {
                for task in unreported {
                    let done = Event::TaskDone {
                        plan: name.clone(),
                        task: task.into(),
                        note: None,
                    };
                    self.record(at, done, step);
                }
                let done = Event::LegDone {
                    plan: name,
                    attempt: id,
                    phases,
                };
                self.record(at, done, step);
            }
            Verdict::Incomplete {
                why,
                counted,
                hopeless,
            } => {
                self.retry_or_give_up(at, &name, &id, &why, counted, hopeless, step);
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each is a fact of its own about one failure"
    )]
    pub(super) fn retry_or_give_up(
        &mut self,
        at: At,
        plan: &PlanName,
        attempt: &AttemptId,
        why: &str,
        counted: bool,
        hopeless: bool,
        step: &mut Step,
    ) {
        let Some(work) = self.plan_work(plan) else {
            return;
        };
        let policy = work.attempts.clone();
        let run = self.state.plan(plan);
        let failures = run.failures + u32::from(counted);
        let give_up = hopeless || failures > policy.retries;
        let repair = run.attempt.as_ref().is_some_and(|current| current.repair);
        let delay = (!give_up).then(|| {
            let delay = if counted {
                backoff::delay(policy.backoff, failures, attempt)
            } else {
                Default::default()
            };
            u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)
        });
        let tries = run.tries;
        self.fail_attempt(at, plan, attempt, why, counted, delay, step);
        if give_up {
            let why = if hopeless || tries <= 1 {
                why.to_owned()
            } else {
                format!("{why} (attempt {tries}, no retries left)")
            };
            let plan = plan.clone();
            let event = if repair {
                Event::PlanHeld {
                    plan,
                    why: Hold::Verification { why },
                }
            } else {
                Event::PlanFailed { plan, why }
            };
            self.record(at, event, step);
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each is a fact of its own about one failure"
    )]
    pub(super) fn fail_attempt(
        &mut self,
        at: At,
        plan: &PlanName,
        attempt: &AttemptId,
        why: &str,
        counted: bool,
        retry_in_ms: Option<u64>,
        step: &mut Step,
    ) {
        let failed = Event::AttemptFailed {
            plan: plan.clone(),
            attempt: attempt.clone(),
            why: why.to_owned(),
            retry_in_ms,
            counted,
        };
        self.record(at, failed, step);
    }

    /// A plan that waits for what will not come is skipped, naming the cause.
    pub(super) fn skip_if_hopeless(&mut self, at: At, index: usize, step: &mut Step) {
        let plan = &self.work.plans[index];
        let run = self.state.plan(&plan.name);
        if !run.is_open() || run.attempt.is_some() {
            return;
        }
        let open = plan.phases.iter().filter(|phase| !run.proven.contains(&phase.id));
        let mut depends = plan.depends.iter().chain(open.flat_map(|phase| &phase.depends));
        let Some(lost) = depends.find(|dependency| self.state.is_hopeless(dependency)) else {
            return;
        };
        let cause = lost.on.plan.clone();
        let what = match self.state.plan(&cause).outcome {
            Some(Outcome::Skipped(_)) => "was skipped",
            _ => "failed",
        };
        let skipped = Event::PlanSkipped {
            plan: plan.name.clone(),
            why: format!("it depends on {lost}, and {cause} {what}"),
            cause,
        };
        self.record(at, skipped, step);
    }

    pub(super) fn verify_or_finish(&mut self, at: At, index: usize, step: &mut Step) {
        let plan = &self.work.plans[index];
        let name = plan.name.clone();
        let run = self.state.plan(&name);
        let all_done = plan.phases.iter().all(|phase| run.proven.contains(&phase.id));
        if !all_done || !run.is_open() || run.attempt.is_some() || run.worktree.is_none() {
            return;
        }
        match (&run.verify, plan.verify) {
            (Verify::Open, true) => {
                self.record(at, Event::VerifyStarted { plan: name.clone() }, step);
                self.ask(Ask::Verify(name.clone()), Effect::Verify { plan: name }, step);
            }
            // After a restart: it was begun, and nobody knows how it ended.
            (Verify::Running, true) => {
                self.ask(Ask::Verify(name.clone()), Effect::Verify { plan: name }, step);
            }
            (Verify::Failed, true) => {}
            (Verify::Passed(_), _) | (_, false) => {
                self.record(at, Event::PlanFinished { plan: name }, step);
            }
        }
    }
}
