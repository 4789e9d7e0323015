//! How long work is expected to take: as measured in earlier runs, else as stated, else all alike.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::plan::{AgentName, Phase, Plan, PlanName, TaskId, UnitId};

/// Expected durations, in milliseconds of one agent's work.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Durations {
    /// Measured for this very unit of work.
    pub units: BTreeMap<PlanName, BTreeMap<UnitId, u64>>,
    /// Measured for a task of this agent, on average.
    pub agents: BTreeMap<AgentName, u64>,
    /// Set for every task alike, whatever else is known; for simulations that ask what if.
    pub fixed: Option<u64>,
}

impl Durations {
    /// What a task takes of which nothing is known: ten minutes. Only the proportions matter to the order.
    pub const EQUAL: u64 = 600_000;

    /// A task of a plan, or a VERIFY block.
    pub fn of(&self, plan: &Plan, phase: &Phase, task: TaskId) -> u64 {
        let measured = self.units.get(&plan.name);
        let direct = measured.and_then(|units| units.get(&UnitId::Task(task)));
        if let Some(known) = self.fixed.as_ref().or(direct) {
            return *known;
        }
        let share = |whole: u64, parts: usize| whole / (parts.max(1) as u64);
        if let Some(whole) = measured.and_then(|units| units.get(&UnitId::Phase(phase.id))) {
            return share(*whole, phase.tasks.len());
        }
        if let Some(stated) = self.stated(plan, phase, task) {
            return stated;
        }
        let agent = plan.phases.get(&phase.id).and_then(|own| own.agent.as_ref());
        let known = self.agents.get(agent.unwrap_or(&plan.agent));
        known.copied().unwrap_or(Self::EQUAL)
    }

    /// What the document says about the task, else what the manifest or the document says about the phase, else about the
    /// plan. What is said about a whole is shared evenly among its tasks.
    fn stated(&self, plan: &Plan, phase: &Phase, task: TaskId) -> Option<u64> {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let own = phase.tasks.iter().find(|known| known.id == task);
        if let Some(stated) = own.and_then(|own| own.expected) {
            return Some(millis(stated));
        }
        let settings = plan.phases.get(&phase.id);
        if let Some(whole) = settings.and_then(|own| own.expected).or(phase.expected) {
            return Some(millis(whole) / phase.tasks.len().max(1) as u64);
        }
        let all = plan.document.tasks().count().max(1) as u64;
        let whole = plan.expected.or(plan.document.expected);
        whole.map(|whole| millis(whole) / all)
    }
}
