//! Rate limits and outages: plans that wait for a time, agents with which nothing new begins until then, and accounts that are
//! used in turn.
//!
//! A limit that one plan met parks only that plan. Once a second plan has met the limit too, the account as a whole counts as
//! limited, and nothing new begins with it. So one unreliable message of one program stops no other plan.

use super::known::State;
use super::limits::{Choice, Limit};
use crate::plan::{AgentName, PlanName};
use crate::schedule::event::at::At;

/// This many plans have to meet a limit before it applies to all plans.
const SURE: usize = 2;

impl State {
    fn limit_of(&self, agent: &AgentName, account: Option<&String>) -> Option<&Limit> {
        let limit = self.limits.get(&(agent.clone(), account.cloned()))?;
        (limit.until > self.now).then_some(limit)
    }

    /// True when an account of the agent met a limit and has not worked since.
    pub(in crate::schedule) fn is_limited(&self, agent: &AgentName) -> bool {
        self.limits.keys().any(|(of, _)| of == agent)
    }

    fn accounts_of(&self, agent: &AgentName) -> &[String] {
        self.accounts.get(agent).map_or(&[], Vec::as_slice)
    }

    /// When the agent can be used again, and why not before. `None` when it can be used now.
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

    /// The account for the next attempt: first the conversation's account, then the one with the fewest agents, then the one used
    /// least. A limited account is tried when there is no other and only one plan met the limit.
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

    /// True when the agent has another account that is not limited.
    pub(in crate::schedule) fn has_another(&self, agent: &AgentName, account: Option<&String>) -> bool {
        let others = self
            .accounts_of(agent)
            .iter()
            .filter(|other| Some(*other) != account);
        others
            .into_iter()
            .any(|other| self.limit_of(agent, Some(other)).is_none())
    }

    /// The first moment at which another account of the agent is free again.
    pub(in crate::schedule) fn another_at(&self, agent: &AgentName, account: Option<&String>) -> Option<At> {
        let others = self
            .accounts_of(agent)
            .iter()
            .filter(|other| Some(*other) != account);
        others
            .filter_map(|other| Some(self.limit_of(agent, Some(other))?.until))
            .min()
    }
}
