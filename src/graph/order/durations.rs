//! How long work is expected to take: as measured, else as stated and corrected by what was measured of the same plan, else as its
//! other tasks took.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::plan::{AgentName, Phase, PhaseId, Plan, PlanName, Task, TaskId, UnitId};

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

    /// What is known about a plan.
    pub(in crate::graph) fn of_plan<'d>(&'d self, plan: &'d Plan) -> PlanDurations<'d> {
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
            factor: 1.0,
            each: Vec::new(),
            compared: (0, 0),
        };
        known.calibrate();
        known
    }

    /// The standard deviation of the natural logarithm of measured durations around the median of their plan; none before ten
    /// tasks were measured.
    pub fn spread(&self) -> Option<f64> {
        let squares: Vec<f64> = self
            .units
            .values()
            .flat_map(|units| {
                let tasks = units.iter().filter(|(unit, _)| matches!(unit, UnitId::Task(_)));
                let tasks: Vec<u64> = tasks.map(|(_, took)| *took).collect();
                let median = median(&tasks).unwrap_or(1).max(1) as f64;
                tasks
                    .into_iter()
                    .map(move |took| (took.max(1) as f64 / median).ln().powi(2))
            })
            .collect();
        (squares.len() >= 10).then(|| (squares.iter().sum::<f64>() / squares.len() as f64).sqrt())
    }
}

/// What was measured of a plan's tasks, and what had been stated about the same tasks. Milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// Tasks that were measured.
    pub tasks: usize,
    /// What they took.
    pub took: u64,
    /// What those of them took of which something was stated, and what that was; none where nothing was.
    pub compared: Option<(u64, u64)>,
    /// What stated durations of the plan are multiplied by.
    pub factor: f64,
}

impl Durations {
    /// What was measured of a plan against what is stated; none where nothing was measured.
    pub fn calibration(&self, plan: &Plan) -> Option<Calibration> {
        let known = self.of_plan(plan);
        let (took, stated) = known.compared;
        (!known.each.is_empty()).then(|| Calibration {
            tasks: known.each.len(),
            took: known.each.iter().sum(),
            compared: (stated > 0).then_some((took, stated)),
            factor: known.factor,
        })
    }
}

/// The middle one in order; none of nothing.
pub fn median(values: &[u64]) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

/// What is known about the durations of a plan's tasks.
pub(in crate::graph) struct PlanDurations<'d> {
    durations: &'d Durations,
    plan: &'d Plan,
    measured: Option<&'d BTreeMap<UnitId, u64>>,
    /// Of each task, from what is stated about the plan.
    stated: Option<u64>,
    /// How much longer than stated what was measured took.
    factor: f64,
    /// What each task of the plan took that was measured.
    each: Vec<u64>,
    /// What tasks took of which something is stated, and what that is.
    compared: (u64, u64),
}

impl<'d> PlanDurations<'d> {
    /// Compares what was measured with what is stated.
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

    /// What is known about a phase. What is said about a whole is shared evenly among its tasks.
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
                .or(agent.copied())
                .unwrap_or(Durations::EQUAL),
        }
    }
}

/// What is known about the durations of a phase's tasks.
pub(in crate::graph) struct OfPhase<'d> {
    fixed: Option<u64>,
    phase: PhaseId,
    tasks: Option<&'d BTreeMap<UnitId, u64>>,
    /// Of each task, from what was measured of the phase.
    measured: Option<u64>,
    /// Of each task, from what the manifest or the document states about the phase.
    stated: Option<u64>,
    /// How much longer than stated work of the plan takes.
    factor: f64,
    /// Of tasks of which nothing else is known.
    otherwise: u64,
}

impl OfPhase<'_> {
    /// A task of the phase: as measured, else as the document says of it, of the phase or of the plan.
    pub(in crate::graph) fn task(&self, task: &Task) -> u64 {
        self.told(task.id, task.expected)
    }

    /// The phase's VERIFY block.
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

/// Nothing takes no time at all.
fn scaled(stated: u64, factor: f64) -> u64 {
    ((stated as f64 * factor).round() as u64).max(1)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
