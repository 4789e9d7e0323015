//! What keeps work on an item from beginning, asked before it is reported.

use std::path::Path;

use crate::plan::{AttemptId, ItemId, PlanName};
use crate::schedule::{Scheduler, admission};
use crate::status::{ClosedWork, read_gates};

/// The reporter, and the items that it may not begin.
pub enum ReportGate {
    /// The agent of an attempt at this plan; none where nothing is closed to it.
    Attempt(Option<ClosedWork>),
    /// The agent of an attempt at another plan.
    Foreign(AttemptId, String),
    /// Anybody else.
    Person,
}

impl ReportGate {
    /// Finds out who speaks about the plan, of which this is the worktree: an agent's attempt is in its environment.
    pub fn of(plan: &PlanName, worktree: Option<&Path>) -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let (Some(attempt), Some(own)) = (variable("ORCH_ATTEMPT"), variable("ORCH_PLAN")) else {
            return Self::Person;
        };
        let attempt = AttemptId::from(attempt);
        if own != plan.as_str() {
            return Self::Foreign(attempt, own);
        }
        let gates = worktree.and_then(|worktree| read_gates(worktree, plan, &attempt));
        Self::Attempt(gates)
    }

    /// Why the item cannot be started again, when it is done; none otherwise.
    pub fn over(&self, plan: &PlanName, item: &ItemId, scheduler: Option<&Scheduler>) -> Option<String> {
        let done = || admission::Refusal::Done(item.clone()).to_string();
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

    /// Why work on the item may not begin. `scheduler` is what the journal says, which an agent need not be able to read.
    pub fn refusal(&self, plan: &PlanName, item: &ItemId, scheduler: Option<&Scheduler>) -> Option<String> {
        match self {
            Self::Attempt(gates) => gates.as_ref()?.refusal(item).map(str::to_owned),
            Self::Foreign(attempt, own) => {
                Some(format!("{attempt} is an attempt at `{own}`, not at `{plan}`"))
            }
            Self::Person => {
                let scheduler = scheduler?;
                let state = scheduler.state();
                let work = scheduler.work().plans.get(state.number(plan)?)?;
                let refusal = admission::refusal(work, state.plan(plan), state, None, item)?;
                Some(refusal.to_string())
            }
        }
    }
}
