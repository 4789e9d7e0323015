//! The fold of the usage of agents, and of the limits that they met.

use std::collections::BTreeSet;

use super::resolver::resolver_parked;
use crate::plan::{AgentName, WhyAgain};
use crate::schedule::event::at::At;
use crate::schedule::event::facts::{Parked, Spent};
use crate::schedule::event::why::because::Because;
use crate::schedule::state::known::State;
use crate::schedule::state::limits::Limit;
use crate::schedule::state::plan_run::PlanRun;

/// Folds the usage that an attempt's output reports. Returns what the attempt had spent before, and what it has spent now.
pub(in crate::schedule) fn take_usage(
    run: &mut PlanRun,
    at: At,
    usage: &crate::schedule::event::facts::AgentUsage,
) -> (Spent, Spent) {
    let Some(record) = run
        .history
        .iter_mut()
        .rev()
        .find(|record| record.id == usage.attempt)
    else {
        return Default::default();
    };
    let before = std::mem::replace(&mut record.facts, usage.facts.clone()).spent;
    let now = usage.facts.spent;
    run.spent = run.spent.beyond(before).plus(now);
    if let Some(current) = run.current(&usage.attempt) {
        current.facts = usage.facts.clone();
        current.resets_at = usage.resets_in_ms.map(|ms| At(at.0.saturating_add(ms)));
    }
    if let Some(agent) = &mut run.resolution.agent
        && agent.attempt == usage.attempt
    {
        agent.resets_at = usage.resets_in_ms.map(|ms| At(at.0.saturating_add(ms)));
    }
    (before, now)
}

/// Folds the end of an attempt that met a temporary obstacle.
pub(in crate::schedule) fn was_parked(run: &mut PlanRun, at: At, parked: &Parked) {
    if let Some(record) = run
        .history
        .iter_mut()
        .rev()
        .find(|record| record.id == parked.attempt)
    {
        record.ended.get_or_insert(at);
        record.failure = Some(Because::of_obstacle(parked.kind, &parked.why));
        if record.resolves {
            resolver_parked(run, at, parked);
            return;
        }
    }
    let Some(ended) = run.take_attempt(&parked.attempt) else {
        return;
    };
    run.take_back(at, &ended);
    if let Some(tries) = run.tries_mut(ended.units.first().copied(), ended.repair) {
        tries.attempts = tries.attempts.saturating_sub(1);
        let why = Because::of_obstacle(parked.kind, &parked.why);
        tries.before = Some((WhyAgain::CutShort, why));
    }
    run.park_agent(at, parked);
    run.reset_running(at, &ended);
    run.since = at;
}

/// Folds the limit of the account that an attempt used.
pub(in crate::schedule) fn limit(state: &mut State, at: At, parked: &Parked) {
    let key = (parked.agent.clone(), parked.account.clone());
    let until = at + std::time::Duration::from_millis(parked.limit_ms);
    let limit = state.limits.entry(key).or_insert_with(|| Limit {
        until,
        met_by: BTreeSet::new(),
        why: String::new(),
    });
    if limit.until <= at {
        limit.met_by.clear();
    }
    limit.until = until;
    limit.why.clone_from(&parked.why);
    limit.met_by.insert(parked.plan.clone());
}

/// Lifts the limit of an account after an attempt succeeded with it.
pub(in crate::schedule) fn unlimit(state: &mut State, agent: &AgentName, account: Option<&String>) {
    if !state.limits.is_empty() {
        state.limits.remove(&(agent.clone(), account.cloned()));
    }
}
