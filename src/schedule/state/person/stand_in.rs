//! Which agent works on a unit: its own, or the one that has taken over from it.

use crate::plan::AgentName;
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::{PlanWork, UnitWork};

/// The agent that works on the unit next.
pub fn agent_of<'a>(run: &'a PlanRun, unit: &'a UnitWork) -> &'a AgentName {
    run.stand_ins.get(&unit.agent).unwrap_or(&unit.agent)
}

/// The agents that come after the one that works on the unit now, in order; none where the unit has an agent of its own choice.
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
