//! Where attempts run: on this machine, or handed over to an executor.

use std::collections::BTreeMap;

use crate::plan::{AgentName, ExecutorName, Plan, PlanSet};

/// Where an attempt runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Locality {
    /// On this machine.
    #[default]
    Here,
    /// On an executor, by its index in [`Localities::executors`].
    Away(usize),
}

/// The executors, and the agents that work there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Localities {
    /// The executors, each with the number of attempts that it is given at once.
    pub executors: Vec<(ExecutorName, usize)>,
    /// Where each agent works, for the plans that do not say it themselves.
    pub agents: BTreeMap<AgentName, Locality>,
}

impl Localities {
    /// The executors of a plan set.
    pub(in crate::schedule) fn of(set: &PlanSet) -> Self {
        let executors = set.executors.values();
        let agents = set.agents.values().filter_map(|agent| {
            let named = agent.executor.as_ref().or(set.run.executor.as_ref())?;
            Some((agent.name.clone(), place(set, named)))
        });
        Self {
            executors: executors.map(|one| (one.name.clone(), one.slots)).collect(),
            agents: agents.collect(),
        }
    }
}

/// Where a plan's attempts run, if the plan says so itself.
pub(in crate::schedule) fn own_locality(set: &PlanSet, plan: &Plan) -> Option<Locality> {
    plan.executor.as_ref().map(|named| place(set, named))
}

fn place(set: &PlanSet, named: &ExecutorName) -> Locality {
    let known = set.executors.keys().position(|known| known == named);
    known.map_or(Locality::Here, Locality::Away)
}
