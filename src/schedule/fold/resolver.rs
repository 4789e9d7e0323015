//! The fold of agents that resolve conflicts.

use std::collections::BTreeMap;

use crate::plan::{AttemptId, OnStall, PhaseId};
use crate::schedule::event::at::At;
use crate::schedule::event::exit::Exit;
use crate::schedule::event::facts::{Facts, Parked};
use crate::schedule::event::resolving::{ResolverFailed, ResolverStarted};
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::event::why::because::Because;
use crate::schedule::state::attempt::{AttemptRecord, Stall};
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::state::resolution::ResolverAtWork;

pub(in crate::schedule) fn resolver_started(run: &mut PlanRun, at: At, started: &ResolverStarted) {
    let pair = (started.onto.clone(), started.head.clone());
    let again = run.resolution.ended_for_standing_still(&pair);
    run.resolution.last = Some((pair.clone(), again));
    run.resolution.tried.insert(pair);
    run.resolution.up_to = started.up_to;
    run.resolution.agent = Some(ResolverAtWork {
        attempt: started.attempt.clone(),
        up_to: started.up_to,
        agent: started.agent.clone(),
        onto: started.onto.clone(),
        head: started.head.clone(),
        since: at,
        stall: None,
        account: started.account.clone(),
        resets_at: None,
        cancelled: false,
    });
    run.history.push(AttemptRecord {
        id: started.attempt.clone(),
        agent: started.agent.clone(),
        units: Vec::new(),
        lane: 0,
        started: Some(at),
        ended: None,
        exit: None,
        failure: None,
        counted: false,
        said: BTreeMap::new(),
        commits: 0,
        merged: false,
        account: started.account.clone(),
        facts: Facts::default(),
        resolves: true,
    });
    run.since = at;
}

pub(in crate::schedule) fn trouble_of_mut(
    run: &mut PlanRun,
    up_to: Option<PhaseId>,
) -> Option<&mut MergeTrouble> {
    match (up_to, &mut run.prefix_trouble) {
        (None, _) => run.merge_trouble.as_mut(),
        (Some(up_to), Some((phase, trouble))) if up_to == *phase => Some(trouble),
        (Some(_), _) => None,
    }
}

/// The agent has resolved the conflict, so the plan, or its phases that were in conflict, is to land.
pub(in crate::schedule) fn resolver_succeeded(run: &mut PlanRun, at: At, attempt: &AttemptId) {
    if let Some(record) = run.record(attempt) {
        record.ended = Some(at);
        record.exit = Some(Exit::Code { code: 0 });
    }
    let agent = run.resolution.agent.take();
    run.resolution.left_by = None;
    run.merge_wanted(agent.and_then(|agent| agent.up_to), None);
}

pub(in crate::schedule) fn resolver_failed(run: &mut PlanRun, at: At, failed: &ResolverFailed) {
    if let Some(record) = run.record(&failed.attempt) {
        record.ended = Some(at);
        record.exit = Some(failed.exit.clone());
        record.failure = Some(failed.why.clone());
        record.counted = true;
    }
    let agent = run.resolution.agent.take();
    let obstacle = run
        .history_of(&failed.attempt)
        .and_then(|record| record.facts.obstacle.as_ref());
    // An obstacle that does not pass on its own would end the next agent too.
    let hopeless = obstacle.is_some_and(|obstacle| !obstacle.kind.passes());
    if failed.exit == Exit::Stopped
        && !hopeless
        && let Some(agent) = &agent
    {
        resolver_stopped(run, agent);
    }
    if let Some(path) = &failed.path {
        run.resolution.path = Some(path.clone());
        run.resolution.commit = None;
        run.resolution.left_by = Some(failed.attempt.clone());
    }
    let about = agent.and_then(|agent| agent.up_to);
    if let Some(MergeTrouble::Conflict { tried, .. }) = trouble_of_mut(run, about) {
        *tried = Some(Box::new(Because::NotResolved {
            attempt: failed.attempt.clone(),
            why: Box::new(failed.why.clone()),
        }));
    }
    // Merges that were requested meanwhile.
    if let Some((up_to, into)) = run.merge_next.take() {
        run.merge_wanted(up_to, into);
    }
    run.since = at;
}

/// The agent was stopped. The attempt does not count, unless no other agent is to get the conflict.
pub(in crate::schedule) fn resolver_stopped(run: &mut PlanRun, agent: &ResolverAtWork) {
    let pair = (agent.onto.clone(), agent.head.clone());
    let acted = agent.stall.as_ref().and_then(|stall| stall.acted);
    if acted == Some(OnStall::Restart)
        && let Some((_, ended)) = &mut run.resolution.last
    {
        *ended += 1;
    }
    if !agent.cancelled && acted != Some(OnStall::Hold) {
        run.resolution.tried.remove(&pair);
    }
}

/// An agent met a temporary obstacle. It gets the conflict again afterwards.
pub(in crate::schedule) fn resolver_parked(run: &mut PlanRun, at: At, parked: &Parked) {
    let Some((pair, _)) = &run.resolution.last else {
        return;
    };
    run.resolution.tried.remove(pair);
    run.park_agent(at, parked);
}

/// The stall of an attempt at a conflict.
pub(in crate::schedule) fn stall_of_resolver<'a>(
    run: &'a mut PlanRun,
    attempt: &AttemptId,
) -> Option<&'a mut Option<Stall>> {
    let agent = run.resolution.agent.as_mut();
    agent
        .filter(|agent| agent.attempt == *attempt)
        .map(|agent| &mut agent.stall)
}
