//! Checks whether work on an item may start, before it is reported.

use std::path::Path;

use crate::plan::{AttemptId, ItemId, PlanName};
use crate::schedule::{ClosedBecause, Scheduler, admission};
use crate::status::{ClosedWork, read_gates};
use crate::words::closed_because;

/// The reporter, and the items that the reporter may not start.
pub enum ReportGate {
    /// The agent of an attempt at this plan, with the work closed to it, if any.
    Attempt(Option<ClosedWork>),
    /// The agent of an attempt at another plan.
    Foreign(AttemptId, String),
    /// Anybody else.
    Person,
}

impl ReportGate {
    /// Determines who reports on the plan with this worktree. An agent has its attempt in its environment.
    pub fn of(plan: &PlanName, worktree: Option<&Path>) -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let (Some(attempt), Some(own)) = (variable("ORCH_ATTEMPT"), variable("ORCH_PLAN")) else {
            return Self::Person;
        };
        let attempt = AttemptId::from(attempt);
        // The attempt's id tells as well, whatever plan its agent names.
        let own = attempt.parts().map_or(own, |(plan, _)| plan.to_string());
        if own != plan.as_str() {
            return Self::Foreign(attempt, own);
        }
        let gates = worktree.and_then(|worktree| read_gates(worktree, plan, &attempt));
        Self::Attempt(gates)
    }

    /// Returns why an agent may neither speak for this plan nor read its messages. Returns `None` otherwise.
    pub fn foreign(&self, plan: &PlanName) -> Option<String> {
        match self {
            Self::Foreign(attempt, own) => {
                Some(format!("{attempt} is an attempt at `{own}`, not at `{plan}`"))
            }
            Self::Attempt(_) | Self::Person => None,
        }
    }

    /// Returns why the item cannot be started again because it is done. Returns `None` otherwise.
    pub fn over(&self, plan: &PlanName, item: &ItemId, scheduler: Option<&Scheduler>) -> Option<String> {
        let done = || closed_because(&ClosedBecause::Done(item.clone()));
        match self {
            Self::Attempt(gates) => gates.as_ref()?.is_done(item).then(done),
            Self::Foreign(..) => None,
            Self::Person => {
                let state = scheduler?.state();
                let work = scheduler?.work().plans.get(state.number(plan)?)?;
                admission::over(work, state.plan(plan), None, item).map(|_| done())
            }
        }
    }

    /// Returns why work on the item may not start. `scheduler` has the journal's state, which an agent may be unable to
    /// read.
    pub fn refusal(&self, plan: &PlanName, item: &ItemId, scheduler: Option<&Scheduler>) -> Option<String> {
        match self {
            Self::Attempt(gates) => gates.as_ref()?.refusal(item).map(str::to_owned),
            Self::Foreign(..) => self.foreign(plan),
            Self::Person => {
                let scheduler = scheduler?;
                let state = scheduler.state();
                let work = scheduler.work().plans.get(state.number(plan)?)?;
                let refusal = admission::refusal(work, state.plan(plan), state, None, item)?;
                Some(closed_because(&refusal))
            }
        }
    }
}
