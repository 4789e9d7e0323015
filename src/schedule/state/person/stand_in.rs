//! The agent that works on a unit: its own, or the one that has taken over from it.

use crate::plan::AgentName;
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::{PlanWork, UnitWork};

/// The agent that works on the unit next.
pub fn agent_of<'a>(run: &'a PlanRun, unit: &'a UnitWork) -> &'a AgentName {
    run.stand_ins.get(&unit.agent).unwrap_or(&unit.agent)
}

/// True when a fallback agent after this one has taken over the work meanwhile.
pub(in crate::schedule) fn has_been_replaced(
    plan: &PlanWork,
    run: &PlanRun,
    unit: &UnitWork,
    agent: &AgentName,
) -> bool {
    let all = &plan.fallback.agents;
    let place = |agent| all.iter().position(|known| known == agent);
    all.first() == Some(&unit.agent) && place(agent).is_some() && place(agent_of(run, unit)) > place(agent)
}

/// The fallback agents after the agent that works on the unit now, in order. Empty when the unit has an agent of its own.
pub(in crate::schedule) fn next_agents<'a>(
    plan: &'a PlanWork,
    run: &PlanRun,
    unit: &UnitWork,
) -> impl Iterator<Item = &'a AgentName> {
    let all = &plan.fallback.agents;
    let now = agent_of(run, unit);
    let place = all.iter().position(|agent| agent == now);
    let place = place.filter(|_| all.first() == Some(&unit.agent));
    all.iter().skip(place.map_or(all.len(), |place| place + 1))
}
