//! Expected durations of work. A measured duration comes first. Next comes a stated duration, corrected by measurements of
//! the same plan, else of its agent, else of all agents. The last resort is the duration of other tasks, in the same order.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::plan::{AgentName, Phase, PhaseId, Plan, PlanName, Task, TaskId, UnitId};

/// Expected durations, in milliseconds of one agent's work.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Durations {
    /// Measured durations of individual units.
    pub units: BTreeMap<PlanName, BTreeMap<UnitId, u64>>,
    /// The measured tasks of each agent.
    pub agents: BTreeMap<AgentName, MeasuredTasks>,
    /// A fixed duration for every task, whatever else is known. For what-if simulations.
    pub fixed: Option<u64>,
}

/// How long tasks took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MeasuredTasks {
    /// The mean in milliseconds. Of many tasks, the last [`MeasuredTasks::LAST`] count most.
    pub mean: u64,
    /// How many.
    pub tasks: u64,
}

impl MeasuredTasks {
    /// From this number of tasks on, the weight of older ones fades.
    pub const LAST: u64 = 20;

    /// Adds a task.
    pub fn add(&mut self, took: u64) {
        self.tasks += 1;
        let weight = 1.0 / self.tasks.min(Self::LAST) as f64;
        let mean = self.mean as f64 * (1.0 - weight) + took as f64 * weight;
        self.mean = (mean.round() as u64).max(1);
    }
}

impl Durations {
    /// The duration of a task about which nothing is known: ten minutes. The order depends only on proportions.
    pub const EQUAL: u64 = 600_000;

    /// Compares measured with stated durations of all plans.
    pub(in crate::graph) fn factors<'p>(&self, plans: &'p [Plan]) -> AgentFactors<'p> {
        let mut factors = AgentFactors::default();
        for plan in plans.iter().filter(|plan| self.units.contains_key(&plan.name)) {
            let (took, stated) = self.of_plan(plan, 1.0).compared;
            for known in [factors.agents.entry(&plan.agent).or_default(), &mut factors.all] {
                *known = (known.0 + took, known.1 + stated);
            }
        }
        factors
    }

    /// The mean duration of a measured task of any agent.
    fn mean(&self) -> Option<u64> {
        let tasks: u64 = self.agents.values().map(|measured| measured.tasks).sum();
        let took = self
            .agents
            .values()
            .map(|measured| measured.mean.saturating_mul(measured.tasks));
        took.sum::<u64>().checked_div(tasks)
    }

    /// Collects what is known about a plan. `factor` is the ratio of measured to stated durations while none of the plan's tasks
    /// has both.
    pub(in crate::graph) fn of_plan<'d>(&'d self, plan: &'d Plan, factor: f64) -> PlanDurations<'d> {
        let measured = self.units.get(&plan.name).filter(|units| !units.is_empty());
        let stated = plan.expected.or(plan.document.expected).map(|whole| {
            let all = plan.document.tasks().count().max(1) as u64;
            millis(whole) / all
        });
        let mut known = PlanDurations {
            durations: self,
            plan,
            measured,
            stated,
            factor,
            each: Vec::new(),
            compared: (0, 0),
        };
        known.calibrate();
        known
    }
}

/// Measured beside stated durations, in milliseconds: of each agent, and of all.
#[derive(Debug, Default)]
pub(in crate::graph) struct AgentFactors<'p> {
    agents: BTreeMap<&'p AgentName, (u64, u64)>,
    all: (u64, u64),
}

impl AgentFactors<'_> {
    /// The ratio of measured to stated durations of this agent, or of all agents when it was not measured.
    pub(in crate::graph) fn of(&self, agent: &AgentName) -> f64 {
        let known = self.agents.get(agent).into_iter().chain([&self.all]);
        let mut known = known.filter(|(took, stated)| *took > 0 && *stated > 0);
        known
            .next()
            .map_or(1.0, |(took, stated)| *took as f64 / *stated as f64)
    }
}

/// The measured durations of a plan's tasks beside the stated durations of the same tasks. In milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// Number of measured tasks.
    pub tasks: usize,
    /// Total measured duration.
    pub took: u64,
    /// For the tasks that are both measured and stated: total measured and total stated duration. `None` when there are
    /// none.
    pub compared: Option<(u64, u64)>,
    /// The factor applied to the plan's stated durations.
    pub factor: f64,
}

impl Durations {
    /// Compares the measured and stated durations of a plan. Returns `None` when nothing was measured.
    pub fn calibration(&self, plan: &Plan) -> Option<Calibration> {
        let known = self.of_plan(plan, 1.0);
        let (took, stated) = known.compared;
        (!known.each.is_empty()).then(|| Calibration {
            tasks: known.each.len(),
            took: known.each.iter().sum(),
            compared: (stated > 0).then_some((took, stated)),
            factor: known.factor,
        })
    }
}

/// Returns the median, or `None` for an empty slice.
pub fn median(values: &[u64]) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

/// Known durations of a plan's tasks.
pub(in crate::graph) struct PlanDurations<'d> {
    durations: &'d Durations,
    plan: &'d Plan,
    measured: Option<&'d BTreeMap<UnitId, u64>>,
    /// Stated duration of the plan, divided by its number of tasks.
    stated: Option<u64>,
    /// The ratio of measured to stated durations.
    factor: f64,
    /// The measured duration of each measured task.
    each: Vec<u64>,
    /// For the tasks that are both measured and stated: total measured and total stated duration.
    compared: (u64, u64),
}

impl<'d> PlanDurations<'d> {
    /// Compares measured with stated durations.
    fn calibrate(&mut self) {
        let Some(measured) = self.measured else {
            return;
        };
        let (mut took, mut stated, mut each) = (0, 0, Vec::new());
        for phase in &self.plan.document.phases {
            let of_phase = self.of_phase(phase);
            for task in &phase.tasks {
                let direct = measured.get(&UnitId::Task(task.id)).copied();
                let Some(known) = direct.or(of_phase.measured) else {
                    continue;
                };
                each.push(known);
                let expected = task.expected.map(millis).or(of_phase.stated).or(self.stated);
                if let Some(expected) = expected {
                    (took, stated) = (took + known, stated + expected);
                }
            }
        }
        (self.each, self.compared) = (each, (took, stated));
        if took > 0 && stated > 0 {
            self.factor = took as f64 / stated as f64;
        }
    }

    /// Collects what is known about a phase. The duration of a whole phase or plan is divided evenly among its tasks.
    pub(in crate::graph) fn of_phase(&self, phase: &Phase) -> OfPhase<'d> {
        let parts = phase.tasks.len().max(1) as u64;
        let measured = self
            .measured
            .and_then(|units| units.get(&UnitId::Phase(phase.id)));
        let settings = self.plan.phases.get(&phase.id);
        let stated = settings.and_then(|own| own.expected).or(phase.expected);
        let agent = settings.and_then(|own| own.agent.as_ref());
        let agent = self.durations.agents.get(agent.unwrap_or(&self.plan.agent));
        OfPhase {
            fixed: self.durations.fixed,
            phase: phase.id,
            tasks: self.measured,
            measured: measured.map(|whole| whole / parts),
            stated: stated.map(|whole| millis(whole) / parts),
            factor: self.factor,
            otherwise: (self.stated.map(|stated| scaled(stated, self.factor)))
                .or_else(|| median(&self.each))
                .or(agent.map(|measured| measured.mean))
                .or_else(|| self.durations.mean())
                .unwrap_or(Durations::EQUAL),
        }
    }
}

/// Known durations of a phase's tasks.
pub(in crate::graph) struct OfPhase<'d> {
    fixed: Option<u64>,
    phase: PhaseId,
    tasks: Option<&'d BTreeMap<UnitId, u64>>,
    /// Measured duration of the phase, divided by its number of tasks.
    measured: Option<u64>,
    /// Duration of the phase stated in the manifest or the document, divided by its number of tasks.
    stated: Option<u64>,
    /// The ratio of measured to stated durations in the plan.
    factor: f64,
    /// The duration of a task about which nothing else is known.
    otherwise: u64,
}

impl OfPhase<'_> {
    /// Returns the expected duration of a task: measured if possible, else stated for the task, the phase or the plan.
    pub(in crate::graph) fn task(&self, task: &Task) -> u64 {
        self.told(task.id, task.expected)
    }

    /// Returns the expected duration of the phase's VERIFY block.
    pub(in crate::graph) fn check(&self) -> u64 {
        self.told(TaskId::verify(self.phase), None)
    }

    fn told(&self, task: TaskId, stated: Option<Duration>) -> u64 {
        let direct = || self.tasks?.get(&UnitId::Task(task)).copied();
        self.fixed
            .or_else(direct)
            .or(self.measured)
            .or_else(|| Some(scaled(stated.map(millis).or(self.stated)?, self.factor)))
            .unwrap_or(self.otherwise)
    }
}

/// Scales a stated duration. The result is at least one millisecond: no work takes no time.
fn scaled(stated: u64, factor: f64) -> u64 {
    ((stated as f64 * factor).round() as u64).max(1)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Generated;

    #[test]
    fn what_was_measured_of_one_agent_corrects_the_estimates_of_agents_that_were_not_measured() {
        let mut set = Generated {
            plans: 2,
            tasks: 2,
            ..Generated::default()
        }
        .plan_set();
        set.plans[1].agent = "other".parse().unwrap();
        let stated = |plan: &Plan| millis(plan.document.phases[0].tasks[0].expected.unwrap());
        let first = &set.plans[0];
        let task = UnitId::Task(first.document.phases[0].tasks[0].id);
        let mut durations = Durations::default();
        durations
            .units
            .entry(first.name.clone())
            .or_default()
            .insert(task, stated(first) / 10);
        let factors = durations.factors(&set.plans);
        for plan in &set.plans {
            let factor = factors.of(&plan.agent);
            assert!((factor - 0.1).abs() < 0.01, "{}: {factor}", plan.agent);
        }
    }
}
