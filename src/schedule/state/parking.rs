//! Rate limits and outages: plans that wait for a time, agents of which nothing new is begun until then, and accounts
//! that are used in turn.
//!
//! A limit that one plan met parks that plan. Only when a second one has met it too is the account taken for limited as a
//! whole, and nothing new begun on it: one weak word of one program stops nobody else.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::plan::{AgentName, AttemptId, PlanName, WhyAgain};

use super::attempt::{Attempt, AttemptRecord};
use super::known::State;
use super::plan_run::PlanRun;
use crate::schedule::attempts::backoff;
use crate::schedule::board::effect::Conversation;
use crate::schedule::drive::scheduler::{Scheduler, Step};
use crate::schedule::event::at::At;
use crate::schedule::event::exit::Exit;
use crate::schedule::event::fact::Event;
use crate::schedule::event::facts::{Facts, Obstacle, ObstacleKind, Spent};

/// The first pause where nobody says how long one is needed; it doubles, up to ten minutes.
const FIRST: std::time::Duration = std::time::Duration::from_secs(20);

/// So many plans have to meet a limit before it holds for all.
const SURE: usize = 2;

/// An attempt ended because of something that passes; it is not counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// The plan.
    pub plan: PlanName,
    /// The attempt.
    pub attempt: AttemptId,
    /// Its agent.
    pub agent: AgentName,
    /// The account it used; none when the agent has but one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// What stood in the way.
    pub kind: ObstacleKind,
    /// What was said about it.
    pub why: String,
    /// Milliseconds until the plan goes on.
    pub for_ms: u64,
    /// Milliseconds until the account can be used again.
    pub limit_ms: u64,
    /// True when the time was told, false when it is a guess.
    pub told: bool,
}

/// An account that had nothing to give when it was asked last.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// Until then.
    pub until: At,
    /// The plans that met it.
    pub met_by: BTreeSet<PlanName>,
    /// In words.
    pub why: String,
}

/// Work of a plan that waits for an agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Parking {
    /// Until then.
    pub until: At,
    /// The sort of what stood in the way.
    pub kind: ObstacleKind,
    /// What was said about it.
    pub why: String,
    /// How many times in a row.
    pub times: u32,
}

/// Whether an agent can be started, and with which account.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::schedule) enum Choice {
    /// With this one; none for the only one.
    Account(Option<String>),
    /// Not before then.
    Closed(At, String),
}

impl State {
    /// Folds the end of an attempt that met a limit.
    pub(in crate::schedule) fn limit(&mut self, at: At, parked: &Parked) {
        let key = (parked.agent.clone(), parked.account.clone());
        let until = at + std::time::Duration::from_millis(parked.limit_ms);
        let limit = self.limits.entry(key).or_insert_with(|| Limit {
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

    /// An attempt came to a good end: its account is not limited, whatever was said before.
    pub(in crate::schedule) fn unlimit(&mut self, agent: &AgentName, account: Option<&String>) {
        if !self.limits.is_empty() {
            self.limits.remove(&(agent.clone(), account.cloned()));
        }
    }

    fn limit_of(&self, agent: &AgentName, account: Option<&String>) -> Option<&Limit> {
        let limit = self.limits.get(&(agent.clone(), account.cloned()))?;
        (limit.until > self.now).then_some(limit)
    }

    fn accounts_of(&self, agent: &AgentName) -> &[String] {
        self.accounts.get(agent).map_or(&[], Vec::as_slice)
    }

    /// When the agent can be used again by somebody; none when it can be now.
    pub(in crate::schedule) fn closed_until(&self, agent: &AgentName) -> Option<(At, &str)> {
        if self.limits.is_empty() {
            return None;
        }
        let accounts = self.accounts_of(agent);
        let only = [None];
        let each: Vec<Option<&String>> = if accounts.is_empty() {
            only.to_vec()
        } else {
            accounts.iter().map(Some).collect()
        };
        let mut first: Option<(At, &str)> = None;
        for account in each {
            let limit = self.limit_of(agent, account)?;
            if limit.met_by.len() < SURE {
                return None;
            }
            if first.is_none_or(|(until, _)| limit.until < until) {
                first = Some((limit.until, &limit.why));
            }
        }
        first
    }

    /// The account for the next attempt: one that is not limited, that of the conversation first, then the one that does
    /// least, then the one that did least; a limited one is tried when there is no other and one plan alone has met it.
    pub(in crate::schedule) fn choose_account(
        &self,
        agent: &AgentName,
        plan: &PlanName,
        conversation: Option<&str>,
    ) -> Choice {
        if let Some((until, why)) = self.closed_until(agent) {
            return Choice::Closed(until, why.to_owned());
        }
        let accounts = self.accounts_of(agent);
        if accounts.is_empty() {
            return Choice::Account(None);
        }
        let used = |account: &String| {
            let mut open = 0;
            let mut all = 0;
            for record in self.plans().flat_map(|(_, run)| &run.history) {
                if &record.agent == agent && record.account.as_ref() == Some(account) {
                    all += 1;
                    open += usize::from(record.ended.is_none());
                }
            }
            (open, all)
        };
        let rank = |(place, account): &(usize, &String)| {
            let limit = self.limit_of(agent, Some(account));
            let met = limit.is_some_and(|limit| limit.met_by.contains(plan));
            let closed = limit.is_some_and(|limit| limit.met_by.len() >= SURE);
            let other = conversation != Some(account.as_str());
            let (open, all) = used(account);
            (closed, limit.is_some(), met, other, open, all, *place)
        };
        let best = accounts.iter().enumerate().min_by_key(rank);
        Choice::Account(best.map(|(_, account)| account.clone()))
    }

    /// True when another account of the agent than this one is not limited.
    fn has_another(&self, agent: &AgentName, account: Option<&String>) -> bool {
        let others = self
            .accounts_of(agent)
            .iter()
            .filter(|other| Some(*other) != account);
        others
            .into_iter()
            .any(|other| self.limit_of(agent, Some(other)).is_none())
    }

    /// The first moment at which another account of the agent is free again.
    fn another_at(&self, agent: &AgentName, account: Option<&String>) -> Option<At> {
        let others = self
            .accounts_of(agent)
            .iter()
            .filter(|other| Some(*other) != account);
        others
            .filter_map(|other| Some(self.limit_of(agent, Some(other))?.until))
            .min()
    }
}

impl Scheduler {
    /// When the first of the agents that the plan waits for, and for nothing else, can be used again.
    pub(in crate::schedule) fn reopening(&self, number: usize) -> Option<At> {
        if self.state.limits.is_empty() {
            return None;
        }
        let look = self.look(number);
        let units = &self.work.plans[number].units;
        if self.state.plans[number].verify == super::plan_run::Verify::Failed {
            let first = look.leg(0).first().map(|unit| &unit.agent);
            return first.and_then(|agent| Some(self.state.closed_until(agent)?.0));
        }
        let closed = |unit: usize| Some((unit, self.state.closed_until(&units[unit].agent)?.0));
        let free = |(unit, until): (usize, At)| look.waits(unit).is_empty().then_some(until);
        look.open().filter_map(closed).filter_map(free).min()
    }

    /// Ends an attempt that met something that passes: its plan goes on when that is over, in the same conversation.
    pub(in crate::schedule) fn park(
        &mut self,
        at: At,
        name: &PlanName,
        attempt: &AttemptId,
        obstacle: &Obstacle,
        step: &mut Step,
    ) {
        let Some(current) = self.state.plan(name).attempt(attempt) else {
            return;
        };
        let used = (current.agent.clone(), current.account.clone());
        let parked = self.parked(at, name, attempt, used, current.resets_at, obstacle);
        self.record(at, Event::AttemptParked(parked), step);
    }

    /// For how long a plan waits, and an account is not used, because of what an attempt met.
    pub(in crate::schedule) fn parked(
        &self,
        at: At,
        name: &PlanName,
        attempt: &AttemptId,
        (agent, account): (AgentName, Option<String>),
        resets_at: Option<At>,
        obstacle: &Obstacle,
    ) -> Parked {
        let run = self.state.plan(name);
        let times = run.parked.get(&agent).map_or(0, |parking| parking.times);
        let guess = || backoff::delay(FIRST, times + 1, attempt);
        // Counted from when it was told.
        let told = resets_at.map(|due| due.since(at));
        let limit = told.unwrap_or_else(guess);
        let own = if self.state.has_another(&agent, account.as_ref()) {
            std::time::Duration::ZERO
        } else {
            let other = self.state.another_at(&agent, account.as_ref());
            other.map_or(limit, |other| limit.min(other.since(at)))
        };
        let ms = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Parked {
            plan: name.clone(),
            attempt: attempt.clone(),
            agent,
            account,
            kind: obstacle.kind,
            why: obstacle.why.clone(),
            for_ms: ms(own),
            limit_ms: ms(limit),
            told: told.is_some(),
        }
    }
}

/// The conversation that the attempt goes on with: the last one of the same agent in the same worktree, at the same work
/// where units go their own ways. One that broke on an error of its own is left alone.
pub(in crate::schedule) fn conversation(run: &PlanRun, lane: u32, attempt: &Attempt) -> Option<Conversation> {
    let mut before = run.legs().rev().filter(|record| record.id != attempt.id);
    let last = before.find(|record| record.lane == lane && record.agent == attempt.agent)?;
    if run.by_units && !attempt.repair && last.units.first() != attempt.units.first() {
        return None;
    }
    // Whatever a program says when it is stopped, its conversation goes on.
    let stopped = last.exit == Some(Exit::Stopped);
    let session = last.facts.session.as_ref();
    let session = session.filter(|_| stopped || !last.facts.is_broken())?;
    let same = |record: &&AttemptRecord| record.facts.session.as_ref() == Some(session);
    let spent = run.history.iter().filter(same).map(|record| record.facts.spent);
    Some(Conversation {
        session: session.clone(),
        account: last.account.clone(),
        spent: spent.fold(Spent::default(), Spent::plus),
    })
}

impl Facts {
    /// True when the conversation ended in an error that it would meet again.
    fn is_broken(&self) -> bool {
        self.obstacle.is_none() && self.end.as_ref().is_some_and(|end| !end.good)
    }
}

impl PlanRun {
    /// What the agent waits for here, as long as that is not over.
    pub(in crate::schedule) fn parking(&self, agent: &AgentName, now: At) -> Option<&Parking> {
        self.parked.get(agent).filter(|parking| parking.until > now)
    }

    /// The agent got an answer here. What waits for a moment that was told waits on.
    pub(in crate::schedule) fn unpark(&mut self, at: At, agent: &AgentName) {
        if self.parking(agent, at).is_none() {
            self.parked.remove(agent);
        }
    }

    /// The earliest moment after `now` at which something of the plan can go on that only waits for a time.
    pub(in crate::schedule) fn next_time(&self, now: At) -> Option<At> {
        let parked = self
            .parked
            .values()
            .map(|parking| parking.until)
            .filter(|until| *until > now);
        let retry = self.next_retry(now).map(|(due, _)| due);
        parked.chain(retry).min()
    }

    /// Folds what an attempt's output tells. What is new of what was spent is returned.
    pub(in crate::schedule) fn take_told(
        &mut self,
        at: At,
        told: &crate::schedule::event::facts::Told,
    ) -> (Spent, Spent) {
        let Some(record) = self
            .history
            .iter_mut()
            .rev()
            .find(|record| record.id == told.attempt)
        else {
            return Default::default();
        };
        let before = std::mem::replace(&mut record.facts, told.facts.clone()).spent;
        let now = told.facts.spent;
        self.spent = self.spent.beyond(before).plus(now);
        if let Some(current) = self.current(&told.attempt) {
            current.facts = told.facts.clone();
            current.resets_at = told.resets_in_ms.map(|ms| At(at.0.saturating_add(ms)));
        }
        if let Some(agent) = &mut self.resolution.agent
            && agent.attempt == told.attempt
        {
            agent.resets_at = told.resets_in_ms.map(|ms| At(at.0.saturating_add(ms)));
        }
        (before, now)
    }

    /// Folds the end of an attempt that met something that passes.
    pub(in crate::schedule) fn was_parked(&mut self, at: At, parked: &Parked) {
        if let Some(record) = self
            .history
            .iter_mut()
            .rev()
            .find(|record| record.id == parked.attempt)
        {
            record.ended.get_or_insert(at);
            record.failure = Some(format!("{}: {}", parked.kind.word(), parked.why));
            if record.resolves {
                self.resolver_parked(at, parked);
                return;
            }
        }
        let Some(ended) = self.take_attempt(&parked.attempt) else {
            return;
        };
        self.take_back(at, &ended);
        if let Some(tries) = self.tries_mut(ended.units.first().copied(), ended.repair) {
            tries.attempts = tries.attempts.saturating_sub(1);
            let why = format!("{}: {}", parked.kind.word(), parked.why);
            tries.before = Some((WhyAgain::CutShort, why));
        }
        self.park_agent(at, parked);
        self.reset_running(at, &ended);
        self.since = at;
    }

    /// What the agent would work on here waits.
    pub(in crate::schedule) fn park_agent(&mut self, at: At, parked: &Parked) {
        let known = self.parked.get(&parked.agent);
        let times = known.map_or(0, |parking| parking.times);
        // Of two lanes that met it the one that knows of the later end is right, unless another account is there.
        let until = At(at.0.saturating_add(parked.for_ms));
        let later = known.map(|known| known.until).filter(|_| parked.for_ms > 0);
        let parking = Parking {
            until: later.map_or(until, |later| later.max(until)),
            kind: parked.kind,
            why: parked.why.clone(),
            times: times.saturating_add(1),
        };
        self.parked.insert(parked.agent.clone(), parking);
    }
}
