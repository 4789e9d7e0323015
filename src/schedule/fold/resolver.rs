//! The fold of what is recorded of agents that resolve conflicts.

use std::collections::BTreeMap;

use crate::plan::{AttemptId, CommitId, OnStuck, PhaseId};
use crate::schedule::event::at::At;
use crate::schedule::event::exit::Exit;
use crate::schedule::event::facts::Facts;
use crate::schedule::event::resolving::{Resolution, ResolverAtWork, ResolverFailed, ResolverStarted};
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::state::attempt::{AttemptRecord, Stuck};
use crate::schedule::state::parking::Parked;
use crate::schedule::state::plan_run::PlanRun;

impl PlanRun {
    pub(in crate::schedule) fn resolver_started(&mut self, at: At, started: &ResolverStarted) {
        let pair = (started.onto.clone(), started.head.clone());
        let again = self.resolution.ended_for_standing_still(&pair);
        self.resolution.last = Some((pair.clone(), again));
        self.resolution.tried.insert(pair);
        self.resolution.up_to = started.up_to;
        self.resolution.agent = Some(ResolverAtWork {
            attempt: started.attempt.clone(),
            up_to: started.up_to,
            agent: started.agent.clone(),
            onto: started.onto.clone(),
            head: started.head.clone(),
            since: at,
            stuck: None,
            account: started.account.clone(),
            resets_at: None,
            cancelled: false,
        });
        self.history.push(AttemptRecord {
            id: started.attempt.clone(),
            agent: started.agent.clone(),
            units: Vec::new(),
            lane: 0,
            started: Some(at),
            ended: None,
            exit: None,
            failure: None,
            said: BTreeMap::new(),
            commits: 0,
            account: started.account.clone(),
            facts: Facts::default(),
            resolves: true,
        });
        self.since = at;
    }

    /// Why the plan, or its phases up to one, was not landed.
    pub(in crate::schedule) fn trouble_of(&self, up_to: Option<PhaseId>) -> Option<&MergeTrouble> {
        match (up_to, &self.prefix_trouble) {
            (None, _) => self.merge_trouble.as_ref(),
            (Some(up_to), Some((phase, trouble))) if up_to == *phase => Some(trouble),
            (Some(_), _) => None,
        }
    }

    fn trouble_of_mut(&mut self, up_to: Option<PhaseId>) -> Option<&mut MergeTrouble> {
        match (up_to, &mut self.prefix_trouble) {
            (None, _) => self.merge_trouble.as_mut(),
            (Some(up_to), Some((phase, trouble))) if up_to == *phase => Some(trouble),
            (Some(_), _) => None,
        }
    }

    /// The agent has resolved it: the plan, or what of it that was about, is to land.
    pub(in crate::schedule) fn resolver_succeeded(&mut self, at: At, attempt: &AttemptId) {
        if let Some(record) = self.record(attempt) {
            record.ended = Some(at);
            record.exit = Some(Exit::Code { code: 0 });
        }
        let agent = self.resolution.agent.take();
        self.resolution.left_by = None;
        self.merge_wanted(agent.and_then(|agent| agent.up_to), None);
    }

    pub(in crate::schedule) fn resolver_failed(&mut self, at: At, failed: &ResolverFailed) {
        if let Some(record) = self.record(&failed.attempt) {
            record.ended = Some(at);
            record.exit = Some(failed.exit.clone());
            record.failure = Some(failed.why.clone());
        }
        let agent = self.resolution.agent.take();
        let obstacle = self
            .history_of(&failed.attempt)
            .and_then(|record| record.facts.obstacle.as_ref());
        // What does not pass by itself would end the next one too.
        let hopeless = obstacle.is_some_and(|obstacle| !obstacle.kind.passes());
        if failed.exit == Exit::Stopped
            && !hopeless
            && let Some(agent) = &agent
        {
            self.resolver_stopped(agent);
        }
        if let Some(path) = &failed.path {
            self.resolution.path = Some(path.clone());
            self.resolution.commit = None;
            self.resolution.left_by = Some(failed.attempt.clone());
        }
        let about = agent.and_then(|agent| agent.up_to);
        if let Some(MergeTrouble::Conflict { tried, .. }) = self.trouble_of_mut(about) {
            *tried = Some(format!("{} could not resolve it: {}", failed.attempt, failed.why));
        }
        // What was asked for meanwhile.
        if let Some((up_to, into)) = self.merge_next.take() {
            self.merge_wanted(up_to, into);
        }
        self.since = at;
    }

    /// Its agent was ended from outside: that says nothing, unless nobody is to be given it any more.
    fn resolver_stopped(&mut self, agent: &ResolverAtWork) {
        let pair = (agent.onto.clone(), agent.head.clone());
        let acted = agent.stuck.as_ref().and_then(|stuck| stuck.acted);
        if acted == Some(OnStuck::Restart)
            && let Some((_, ended)) = &mut self.resolution.last
        {
            *ended += 1;
        }
        if !agent.cancelled && acted != Some(OnStuck::Hold) {
            self.resolution.tried.remove(&pair);
        }
    }

    /// An agent met something that passes: it is given the conflict again afterwards.
    pub(in crate::schedule) fn resolver_parked(&mut self, at: At, parked: &Parked) {
        let Some((pair, _)) = &self.resolution.last else {
            return;
        };
        self.resolution.tried.remove(pair);
        self.park_agent(at, parked);
    }

    /// What is known of an attempt at a conflict of which nothing moves.
    pub(in crate::schedule) fn stuck_of_resolver(
        &mut self,
        attempt: &AttemptId,
    ) -> Option<&mut Option<Stuck>> {
        let agent = self.resolution.agent.as_mut();
        agent
            .filter(|agent| agent.attempt == *attempt)
            .map(|agent| &mut agent.stuck)
    }
}

impl Resolution {
    /// How many agents at these two commits were ended because they stood still.
    pub(in crate::schedule) fn ended_for_standing_still(&self, pair: &(CommitId, CommitId)) -> u32 {
        let last = self.last.as_ref().filter(|(last, _)| last == pair);
        last.map_or(0, |(_, ended)| *ended)
    }
}

impl ResolverAtWork {
    /// True when it stayed still for too long and is being ended for that.
    pub(in crate::schedule) fn is_given_up(&self) -> bool {
        let acted = self.stuck.as_ref().and_then(|stuck| stuck.acted);
        acted.is_some_and(OnStuck::ends_it)
    }
}
