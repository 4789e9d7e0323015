//! The agents, as the scheduler sees them.

use crate::plan::{Agent, AgentName, MergeStrategy, OnConflict, PlanSet};

/// One agent.
#[derive(Debug, Clone, Default)]
pub struct AgentWork {
    /// Its accounts, used in turn. Empty when it has only one.
    pub accounts: Vec<String>,
    /// Advice when it is not logged in.
    pub login: &'static str,
    /// True for an agent that runs its prompt as a script, and reads nothing.
    pub runs_prompt: bool,
}

pub(in crate::schedule) fn agent_work(agent: &Agent) -> (AgentName, AgentWork) {
    let accounts = agent.accounts.iter().map(|account| account.name.clone());
    let work = AgentWork {
        accounts: accounts.collect(),
        login: agent.known.map_or("", |known| known.login.how),
        runs_prompt: agent.runs_prompt(),
    };
    (agent.name.clone(), work)
}

/// The agent that resolves each plan's conflicts with the target, in manifest order. `None` when a person does.
pub(in crate::schedule) fn resolvers(set: &PlanSet) -> Vec<Option<AgentName>> {
    let plans = set.plans.iter();
    let resolver = plans.map(|plan| match &set.merge.on_conflict {
        OnConflict::Hold => None,
        // Commits that are replayed one by one have no single resolution.
        OnConflict::Agent(_) if plan.merge_strategy == MergeStrategy::Rebase => None,
        OnConflict::Agent(Some(name)) => Some(name.clone()),
        // A program that runs its prompt as a script cannot resolve a conflict.
        OnConflict::Agent(None) => set
            .agents
            .get(&plan.agent)
            .filter(|agent| !agent.runs_prompt())
            .map(|agent| agent.name.clone()),
    });
    resolver.collect()
}
