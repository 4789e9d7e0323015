//! Stopping when a person asks, and ending when nothing is left to do without one.

use crate::plan::AttemptId;

use super::answers::Ask;
use super::attempt::Stage;
use super::plan_run::{Merge, Outcome, PlanRun, Verify};
use super::scheduler::{Scheduler, Step};
use super::state::Phase;
use super::{At, Effect, Ending, Event, MergeTrouble};

impl Scheduler {
    pub(super) fn stop_agents(&mut self, step: &mut Step) {
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
        let verifying =
            |run: &PlanRun| run.verify == Verify::Running || matches!(run.merge, Merge::Running(_));
        let verified = self.state.plans().filter(|(_, run)| verifying(run));
        for plan in verified.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
            let stop = Effect::StopVerification { plan: plan.clone() };
            self.ask(Ask::StopVerification(plan), stop, step);
        }
    }

    /// Sets the timer for the next retry, or ends when nothing can happen any more without a person.
    pub(super) fn wake_or_end(&mut self, at: At, step: &mut Step) {
        let stopping = matches!(self.state.phase, Phase::Stopping { .. });
        let merge_only = self.is_merge_only();
        if let Some(due) = self.frontier.next_timer()
            && !stopping
            && !merge_only
        {
            self.ask(Ask::Wake(due), Effect::Wake { at: due }, step);
            return;
        }
        let busy = !merge_only && self.state.all_attempts().next().is_some();
        let waiting = || {
            let mut asks = self.asked.iter();
            asks.any(|ask| !matches!(ask, Ask::Wake(_) | Ask::End | Ask::StopVerification(_)))
        };
        if busy || waiting() {
            return;
        }
        let driven = || self.state.plans().filter(|(name, _)| self.state.drives(name));
        let settled = self.work.plans.iter().all(|plan| {
            let run = self.state.plan(&plan.name);
            !self.state.drives(&plan.name)
                || matches!(
                    run.outcome,
                    Some(Outcome::Finished | Outcome::Failed(_) | Outcome::Skipped(_))
                )
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
            self.state.apply(at, &event);
            step.events.push(event);
            step.effects.push(Effect::End(ending));
        }
    }
}

fn is_trouble(trouble: Option<&MergeTrouble>) -> bool {
    match trouble {
        Some(
            MergeTrouble::Conflict { .. } | MergeTrouble::Verification { .. } | MergeTrouble::Refused { .. },
        ) => true,
        Some(MergeTrouble::Waits { .. } | MergeTrouble::NotFinished { .. }) | None => false,
    }
}
