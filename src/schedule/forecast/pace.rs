//! How fast the run's agents are, compared with what was expected of them.

use std::collections::BTreeMap;

use crate::plan::{AgentName, AttemptId, PlanName, TaskId, TaskState, UnitId};
use crate::schedule::event::at::At;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::{PlanWork, UnitWork, Work};

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

/// Measurements of tasks whose duration was stated, and of the others: what people state and what is assumed are off by unlike factors.
#[derive(Debug, Clone, Copy, Default)]
struct Measured {
    stated: Compared,
    assumed: Compared,
}

impl Measured {
    fn of(&self, is_stated: bool) -> Compared {
        if is_stated { self.stated } else { self.assumed }
    }

    fn add(&mut self, task: &DoneTask<'_>) {
        let own = if task.is_stated {
            &mut self.stated
        } else {
            &mut self.assumed
        };
        own.add(task.took, task.expected);
    }
}

/// The pace of a run, from the tasks and phases that were done.
#[derive(Debug, Default)]
pub(in crate::schedule) struct Pace {
    all: Measured,
    agents: BTreeMap<AgentName, Measured>,
    plans: BTreeMap<PlanName, Measured>,
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
            for task in done(plan, state.plan(&plan.name)) {
                pace.all.add(&task);
                pace.agents.entry(task.agent.clone()).or_default().add(&task);
                pace.plans.entry(plan.name.clone()).or_default().add(&task);
                measured.push((&plan.name, task));
            }
        }
        if measured.len() >= ENOUGH {
            let squares = measured.iter().map(|(plan, task)| {
                let factor = pace.factor(plan, task.agent, task.is_stated);
                (task.took / task.expected / factor).ln().powi(2)
            });
            pace.spread = Some((squares.sum::<f64>() / measured.len() as f64).sqrt());
        }
        pace
    }

    /// How long each task of a unit takes this agent, in milliseconds. `None` for a unit whose tasks are all ticked.
    pub(in crate::schedule) fn expected_each(
        &self,
        plan: &PlanWork,
        unit: &UnitWork,
        agent: &AgentName,
    ) -> Option<f64> {
        let expected = plan.expected_each(unit.id)? as f64;
        let stated = self.agents.get(agent).map(|measured| measured.stated);
        let stated = stated
            .filter(|measured| measured.tasks > 0.0)
            .unwrap_or(self.all.stated);
        if !unit.is_stated && self.all.assumed.tasks == 0.0 && stated.tasks > 0.0 {
            return Some(stated.took / stated.tasks);
        }
        Some(expected * self.factor(&plan.name, agent, unit.is_stated))
    }

    fn factor(&self, plan: &PlanName, agent: &AgentName, is_stated: bool) -> f64 {
        let of_agent = self.agents.get(agent).copied().unwrap_or_default().of(is_stated);
        let of_plan = self.plans.get(plan).copied().unwrap_or_default().of(is_stated);
        let all = self.all.of(is_stated);
        // What is assumed of other tasks says nothing about what people state.
        let all = match all.tasks > 0.0 {
            true => all.took / all.expected,
            false => 1.0,
        };
        of_plan.ratio(of_agent.ratio(all))
    }
}

/// A task that is done.
#[derive(Debug, Clone, Copy)]
struct DoneTask<'a> {
    agent: &'a AgentName,
    /// Measured milliseconds.
    took: f64,
    /// Expected milliseconds, before any correction.
    expected: f64,
    is_stated: bool,
}

/// The tasks that are done. A task took as long as passed since the attempt reported the one before it, or since it began. An attempt
/// that reported nothing spent the same time on each of its tasks.
fn done<'a>(plan: &'a PlanWork, run: &'a PlanRun) -> Vec<DoneTask<'a>> {
    let mut reports: BTreeMap<&AttemptId, Vec<(At, TaskId)>> = BTreeMap::new();
    for (id, item) in run.items.iter().filter(|(id, _)| id.sub.is_none()) {
        if let (TaskState::Done, Some(by)) = (item.state, &item.by) {
            reports.entry(by).or_default().push((item.since, id.task));
        }
    }
    let task = |agent, took: u64, unit: UnitId| {
        Some(DoneTask {
            agent,
            took: took.max(1) as f64,
            expected: plan.expected_each(unit)? as f64,
            is_stated: plan.unit(unit)?.is_stated,
        })
    };
    let mut found = Vec::new();
    for record in run.work_attempts() {
        let Some(mut from) = record.started else { continue };
        match (reports.remove(&record.id), record.ended) {
            (Some(mut reported), _) => {
                reported.sort_unstable();
                for (at, id) in reported {
                    let took = at.0.saturating_sub(from.0);
                    found.extend(plan.unit_of(id).and_then(|unit| task(&record.agent, took, unit)));
                    from = at;
                }
            }
            (None, Some(ended)) if record.failure.is_none() => {
                let open = record
                    .units
                    .iter()
                    .filter(|unit| plan.expected_each(**unit).is_some());
                let tasks: Vec<UnitId> = open
                    .flat_map(|unit| vec![*unit; plan.unit_tasks(*unit).len()])
                    .collect();
                let share = ended.0.saturating_sub(from.0) / tasks.len().max(1) as u64;
                found.extend(
                    tasks
                        .into_iter()
                        .filter_map(|unit| task(&record.agent, share, unit)),
                );
            }
            (None, _) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::graph::{Durations, Generated};
    use crate::plan::PlanSet;
    use crate::schedule::drive::scheduler::Scheduler;
    use crate::schedule::event::fact::Event;

    fn event(event: Value) -> Event {
        let name = event["event"].as_str().unwrap().to_owned();
        Event::read(&name, event).unwrap()
    }

    /// The plans of `set`, and what happened to the first tasks of the first of them: the milliseconds until each was reported.
    fn measured(set: &PlanSet, reported: &[u64]) -> Scheduler {
        let mut scheduler = Scheduler::new(Work::new(set, &Durations::default(), false));
        let first = scheduler.work().plans[0].clone();
        let (plan, attempt) = (first.name.as_str(), format!("{}-1", first.name));
        let units: Vec<Value> = first.units.iter().map(|unit| json!(unit.id)).collect();
        let agent = &first.units[0].agent;
        let mut events = vec![
            (
                0,
                json!({"event": "attempt.assigned", "plan": plan, "attempt": attempt, "agent": agent, "number": 1, "units": units}),
            ),
            (
                0,
                json!({"event": "agent.started", "plan": plan, "attempt": attempt, "pid": 1}),
            ),
        ];
        let tasks = first.tasks().filter(|task| !task.is_verify());
        for (task, at) in tasks.zip(reported) {
            let done =
                json!({"event": "task.done", "plan": plan, "attempt": attempt, "task": task.to_string()});
            events.push((*at, done));
        }
        let events: Vec<(At, Event)> = events.into_iter().map(|(at, own)| (At(at), event(own))).collect();
        scheduler.replay(events.iter().map(|(at, event)| (*at, event)));
        scheduler
    }

    /// The expected milliseconds of each task of the plan's first unit.
    fn expected(scheduler: &Scheduler, plan: &PlanWork) -> f64 {
        let unit = &plan.units[0];
        let pace = Pace::of(scheduler.work(), scheduler.state());
        pace.expected_each(plan, unit, &unit.agent).unwrap()
    }

    #[test]
    fn what_is_done_in_a_run_tells_how_long_the_rest_of_it_takes_in_every_plan() {
        let set = Generated {
            plans: 3,
            tasks: 6,
            ..Generated::default()
        };
        let set = set.plan_set();
        let (before, after) = (measured(&set, &[]), measured(&set, &[300, 600]));
        let first = &after.work().plans[0];
        let tasks: Vec<TaskId> = first.tasks().filter(|task| !task.is_verify()).take(2).collect();
        let stated = tasks
            .iter()
            .map(|task| first.expected_each(first.unit_of(*task).unwrap()).unwrap());
        let factor = 600.0 / stated.sum::<u64>() as f64;
        for plan in &after.work().plans[..2] {
            let found = expected(&after, plan) / expected(&before, plan);
            assert!(
                (found / factor - 1.0).abs() < 0.01,
                "{}: {found}, not {factor}",
                plan.name
            );
        }
        assert_eq!(Pace::of(after.work(), after.state()).spread, None);
    }

    #[test]
    fn an_estimate_stands_until_tasks_with_estimates_were_measured() {
        let mut set = Generated {
            plans: 2,
            tasks: 6,
            ..Generated::default()
        }
        .plan_set();
        let tasks = Arc::make_mut(&mut set.plans[0].document).phases.iter_mut();
        for task in tasks.flat_map(|phase| &mut phase.tasks) {
            task.expected = None;
        }
        let (before, after) = (measured(&set, &[]), measured(&set, &[300, 600]));
        let stated = &after.work().plans[1];
        assert_eq!(expected(&after, stated), expected(&before, stated));
        assert!(expected(&after, &after.work().plans[0]) < 1000.0);
    }

    #[test]
    fn a_task_without_an_estimate_takes_as_long_as_the_measured_ones_however_wrong_their_estimates_were() {
        let mut set = Generated {
            plans: 2,
            tasks: 6,
            ..Generated::default()
        }
        .plan_set();
        let tasks = Arc::make_mut(&mut set.plans[1].document).phases.iter_mut();
        for task in tasks.flat_map(|phase| &mut phase.tasks) {
            task.expected = None;
        }
        let scheduler = measured(&set, &[300, 600]);
        assert_eq!(expected(&scheduler, &scheduler.work().plans[1]), 300.0);
    }
}
