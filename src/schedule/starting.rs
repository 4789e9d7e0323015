//! Giving free slots to ready plans, and making worktrees ahead of that.

use crate::plan::{AttemptId, PlanName};

use super::answers::Ask;
use super::plan_run::{PlanRun, Stage, Verify};
use super::scheduler::{Scheduler, Step};
use super::state::State;
use super::work::PlanWork;
use super::{At, Effect, Event, dispatch};

impl Scheduler {
    /// Gives free slots to ready plans in order.
    pub(super) fn start_agents(&mut self, at: At, step: &mut Step) {
        let mut room = dispatch::Room::left(&self.work, &self.state);
        // An attempt that was assigned before a restart and never started is started now.
        let unstarted: Vec<PlanName> = self
            .state
            .plans
            .iter()
            .filter(|(_, run)| run.attempt.as_ref().is_some_and(|a| a.stage == Stage::Assigned))
            .map(|(name, _)| name.clone())
            .collect();
        for name in unstarted {
            self.launch(&name, step);
        }
        if room.slots == 0 {
            return;
        }
        let mut ready: Vec<(dispatch::Place, usize)> = Vec::new();
        for (index, plan) in self.work.plans.iter().enumerate() {
            let run = self.state.plan(&plan.name);
            if is_due(plan, run, at, &self.state) && dispatch::waits_for(plan, run, &self.state).is_empty() {
                ready.push((dispatch::place(index, plan, run), index));
            }
        }
        ready.sort();
        for (_, index) in ready {
            let plan = &self.work.plans[index];
            let run = self.state.plan(&plan.name);
            let leg = dispatch::leg(plan, run, &self.state);
            let Some(first) = leg.first() else {
                continue;
            };
            if room.refusal(&self.work, first).is_some() {
                continue;
            }
            room.take(first);
            if run.worktree.is_none() {
                // The room is kept: a checkout takes seconds, and what would run instead may take hours.
                continue;
            }
            let name = plan.name.clone();
            let sequence = u32::try_from(run.history.len())
                .unwrap_or(u32::MAX)
                .saturating_add(1);
            let assigned = Event::AttemptAssigned {
                plan: name.clone(),
                attempt: AttemptId::new(&name, sequence),
                number: run.tries + 1,
                agent: first.agent.clone(),
                phases: leg.iter().map(|phase| phase.id).collect(),
            };
            self.record(at, assigned, step);
            self.launch(&name, step);
        }
    }

    pub(super) fn launch(&mut self, name: &PlanName, step: &mut Step) {
        let Some(plan) = self.plan_work(name) else {
            return;
        };
        let run = self.state.plan(name);
        let Some(attempt) = &run.attempt else {
            return;
        };
        let leg: Vec<_> = attempt.phases.iter().filter_map(|id| plan.phase(*id)).collect();
        let launch = super::Launch {
            plan: name.clone(),
            attempt: attempt.id.clone(),
            number: attempt.number,
            agent: attempt.agent.clone(),
            phases: attempt.phases.clone(),
            timeout: leg.first().map_or(plan.attempts.timeout, |phase| phase.timeout),
            carry: dispatch::carried(plan, &leg, &self.state),
            after: run
                .history
                .iter()
                .rev()
                .nth(1)
                .map(|record| record.id.clone())
                .zip(run.last_failure.clone()),
        };
        let ask = Ask::Launch(attempt.id.clone());
        self.ask(ask, Effect::Launch(launch), step);
    }

    /// Worktrees are made before they are needed: for the plans that come next, as many as two rounds of slots take, so
    /// that neither a short plan nor a gate that opens waits for a checkout. What could start now comes before what
    /// still waits.
    pub(super) fn make_worktrees(&mut self, at: At, step: &mut Step) {
        let Some(base) = self.state.run.as_ref().map(|run| run.base.clone()) else {
            return;
        };
        let mut next: Vec<(bool, dispatch::Place, usize)> = Vec::new();
        for (index, plan) in self.work.plans.iter().enumerate() {
            let run = self.state.plan(&plan.name);
            // A plan with nothing left to do needs its worktree to be verified and finished in.
            let idle = run.worktree.is_none() && run.is_open() && self.state.drives(&plan.name);
            if is_due(plan, run, at, &self.state) || idle {
                let blocked = !dispatch::waits_for(plan, run, &self.state).is_empty();
                next.push((blocked, dispatch::place(index, plan, run), index));
            }
        }
        next.sort();
        for (_, _, index) in next.into_iter().take(self.work.slots.saturating_mul(2)) {
            let plan = self.work.plans[index].name.clone();
            if self.state.plan(&plan).worktree.is_none() {
                let make = Effect::MakeWorktree {
                    plan: plan.clone(),
                    base: base.clone(),
                };
                self.ask(Ask::Worktree(plan), make, step);
            }
        }
    }
}

/// True when nothing but what it waits for, a worktree and the limits stand between the plan and its next attempt.
fn is_due(plan: &PlanWork, run: &PlanRun, at: At, state: &State) -> bool {
    let has_work = dispatch::next_phase(plan, run).is_some() || run.verify == Verify::Failed;
    state.drives(&plan.name)
        && run.is_open()
        && run.attempt.is_none()
        && run.retry_at.is_none_or(|due| due <= at)
        && run.verify != Verify::Running
        && has_work
}
