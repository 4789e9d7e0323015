//! How fast the run's agents are, compared with what was expected of them.

use std::collections::BTreeMap;

use crate::plan::{AgentName, AttemptId, PlanName, TaskId, TaskState, UnitId};
use crate::schedule::event::at::At;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::{PlanWork, Work};

/// A plan with few measured tasks counts as if this many more tasks had been measured at the pace of its agent, and so does an agent with
/// few tasks at the pace of all agents.
const ASSUMED: f64 = 2.0;

/// The least number of measured tasks for a spread.
const ENOUGH: usize = 10;

/// Measured durations beside expected ones.
#[derive(Debug, Clone, Copy, Default)]
struct Compared {
    took: f64,
    expected: f64,
    tasks: f64,
}

impl Compared {
    fn add(&mut self, took: f64, expected: f64) {
        self.took += took;
        self.expected += expected;
        self.tasks += 1.0;
    }

    /// Measured divided by expected, with a few more tasks at the ratio `otherwise`.
    fn ratio(self, otherwise: f64) -> f64 {
        if self.tasks == 0.0 {
            return otherwise;
        }
        let assumed = ASSUMED * self.expected / self.tasks;
        (self.took + assumed * otherwise) / (self.expected + assumed)
    }
}

/// The pace of a run, from the tasks and phases that were done.
#[derive(Debug, Default)]
pub(in crate::schedule) struct Pace {
    all: Compared,
    agents: BTreeMap<AgentName, Compared>,
    plans: BTreeMap<PlanName, Compared>,
    /// The standard deviation of the logarithm of measured durations around the expected ones at this pace. `None` until ten tasks are
    /// measured.
    pub(in crate::schedule) spread: Option<f64>,
}

impl Pace {
    /// Measures everything that is done.
    pub(in crate::schedule) fn of(work: &Work, state: &State) -> Self {
        let mut pace = Self::default();
        let mut measured = Vec::new();
        for plan in &work.plans {
            let run = state.plan(&plan.name);
            for (agent, took, expected) in done(plan, run) {
                let (took, expected) = (took.max(1) as f64, expected.max(1) as f64);
                pace.all.add(took, expected);
                pace.agents.entry(agent.clone()).or_default().add(took, expected);
                pace.plans
                    .entry(plan.name.clone())
                    .or_default()
                    .add(took, expected);
                measured.push((&plan.name, agent, took / expected));
            }
        }
        if measured.len() >= ENOUGH {
            let squares = measured
                .iter()
                .map(|(plan, agent, ratio)| (ratio / pace.factor(plan, agent)).ln().powi(2));
            pace.spread = Some((squares.sum::<f64>() / measured.len() as f64).sqrt());
        }
        pace
    }

    /// What an expected duration of this plan and agent is multiplied with.
    pub(in crate::schedule) fn factor(&self, plan: &PlanName, agent: &AgentName) -> f64 {
        let of_agent = self.agents.get(agent).copied().unwrap_or_default();
        let of_plan = self.plans.get(plan).copied().unwrap_or_default();
        // Estimates are worth nothing without a measurement.
        let all = match self.all.tasks {
            0.0 => 1.0,
            _ => self.all.took / self.all.expected,
        };
        of_plan.ratio(of_agent.ratio(all))
    }
}

/// The agent, the measured and the expected milliseconds of each task that is done. A task took as long as passed since the attempt
/// reported the one before it, or since it began. An attempt that reported nothing spent the same time on each of its tasks.
fn done<'a>(plan: &'a PlanWork, run: &'a PlanRun) -> Vec<(&'a AgentName, u64, u64)> {
    let mut reports: BTreeMap<&AttemptId, Vec<(At, TaskId)>> = BTreeMap::new();
    for (id, item) in run.items.iter().filter(|(id, _)| id.sub.is_none()) {
        if let (TaskState::Done, Some(by)) = (item.state, &item.by) {
            reports.entry(by).or_default().push((item.since, id.task));
        }
    }
    let mut found = Vec::new();
    for record in run.work_attempts() {
        let Some(mut from) = record.started else { continue };
        match (reports.remove(&record.id), record.ended) {
            (Some(mut reported), _) => {
                reported.sort_unstable();
                for (at, task) in reported {
                    let expected = plan.unit_of(task).and_then(|unit| plan.expected_each(unit));
                    found.extend(
                        expected.map(|expected| (&record.agent, at.0.saturating_sub(from.0), expected)),
                    );
                    from = at;
                }
            }
            (None, Some(ended)) if record.failure.is_none() => {
                let of_unit = |unit: &UnitId| {
                    let expected = plan.expected_each(*unit)?;
                    Some(plan.unit_tasks(*unit).into_iter().map(move |_| expected))
                };
                let tasks: Vec<u64> = record.units.iter().filter_map(of_unit).flatten().collect();
                let share = ended.0.saturating_sub(from.0) / tasks.len().max(1) as u64;
                found.extend(tasks.into_iter().map(|expected| (&record.agent, share, expected)));
            }
            (None, _) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::graph::{Durations, Generated};
    use crate::schedule::drive::scheduler::Scheduler;
    use crate::schedule::event::fact::Event;

    fn event(event: Value) -> Event {
        let name = event["event"].as_str().unwrap().to_owned();
        Event::read(&name, event).unwrap()
    }

    #[test]
    fn what_is_done_in_a_run_tells_how_long_the_rest_of_it_takes_in_every_plan() {
        let set = Generated {
            plans: 3,
            tasks: 6,
            ..Generated::default()
        };
        let mut scheduler = Scheduler::new(Work::new(&set.plan_set(), &Durations::default(), false));
        let (first, other) = (
            scheduler.work().plans[0].clone(),
            scheduler.work().plans[1].clone(),
        );
        let factor = |scheduler: &Scheduler, plan: &PlanWork| {
            let agent = &plan.units[0].agent;
            Pace::of(scheduler.work(), scheduler.state()).factor(&plan.name, agent)
        };
        assert_eq!(factor(&scheduler, &first), 1.0);
        let (plan, attempt) = (first.name.as_str(), format!("{}-1", first.name));
        let units: Vec<Value> = first.units.iter().map(|unit| json!(unit.id)).collect();
        let agent = &first.units[0].agent;
        let mut events = vec![
            json!({"event": "attempt.assigned", "plan": plan, "attempt": attempt, "agent": agent, "number": 1, "units": units}),
            json!({"event": "agent.started", "plan": plan, "attempt": attempt, "pid": 1}),
        ];
        let tasks: Vec<TaskId> = first.tasks().filter(|task| !task.is_verify()).take(2).collect();
        for task in &tasks {
            events.push(
                json!({"event": "task.done", "plan": plan, "attempt": attempt, "task": task.to_string()}),
            );
        }
        let at = [0, 0, 300, 600].map(At);
        let events: Vec<(At, Event)> = at.into_iter().zip(events.into_iter().map(event)).collect();
        scheduler.replay(events.iter().map(|(at, event)| (*at, event)));
        let expected: u64 = tasks
            .iter()
            .map(|task| first.expected_each(first.unit_of(*task).unwrap()).unwrap())
            .sum();
        let measured = 600.0 / expected as f64;
        for plan in [&first, &other] {
            let found = factor(&scheduler, plan);
            assert!(
                (found / measured - 1.0).abs() < 0.01,
                "{}: {found}, not {measured}",
                plan.name
            );
        }
        assert_eq!(Pace::of(scheduler.work(), scheduler.state()).spread, None);
    }
}
