//! How long work took in earlier runs, as the journal shows.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::Durations;
use crate::plan::{AgentName, AttemptId, PlanName, PlanSet, TaskId, UnitId};

use crate::schedule::event::about::AgentStart;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;

/// The weight of a new measurement in the expected duration: a half, so that old runs fade.
const WEIGHT: f64 = 0.5;

/// An attempt whose end has not been read yet.
#[derive(Debug, Default)]
struct OpenAttempt {
    plan: Option<PlanName>,
    agent: Option<AgentName>,
    units: Vec<UnitId>,
    started: Option<At>,
    ended: Option<At>,
    /// When each task was begun, as reported.
    begun: BTreeMap<TaskId, At>,
}

/// The expected durations of each phase and task, and of each agent's tasks, from attempts that succeeded. Newer attempts count
/// for more, because each is averaged with all before it. `set` tells how many tasks a phase has.
pub fn durations<'a>(set: &PlanSet, events: impl IntoIterator<Item = (At, &'a Event)>) -> Durations {
    let mut durations = Durations::default();
    let mut open: BTreeMap<AttemptId, OpenAttempt> = BTreeMap::new();
    for (at, event) in events {
        match event {
            Event::AttemptAssigned {
                plan,
                attempt,
                agent,
                units,
                ..
            } => {
                let entry = open.entry(attempt.clone()).or_default();
                entry.plan = Some(plan.clone());
                entry.agent = Some(agent.clone());
                entry.units.clone_from(units);
            }
            Event::AgentStarted(AgentStart { attempt, .. }) => {
                if let Some(entry) = open.get_mut(attempt) {
                    entry.started.get_or_insert(at);
                }
            }
            Event::AgentEnded { attempt, .. } => {
                if let Some(entry) = open.get_mut(attempt) {
                    entry.ended.get_or_insert(at);
                }
            }
            Event::TaskStarted(report) if report.task.sub.is_none() => {
                if let Some(entry) = report.attempt.as_ref().and_then(|id| open.get_mut(id)) {
                    entry.begun.entry(report.task.task).or_insert(at);
                }
            }
            Event::TaskDone(report) if report.task.sub.is_none() => {
                let entry = report.attempt.as_ref().and_then(|id| open.get(id));
                if let Some(begun) = entry.and_then(|entry| entry.begun.get(&report.task.task)) {
                    let took = at.0.saturating_sub(begun.0);
                    learn(&mut durations, &report.plan, UnitId::Task(report.task.task), took);
                    learn_agent(&mut durations, entry.and_then(|entry| entry.agent.as_ref()), took);
                }
            }
            Event::StageDone { attempt, .. } => {
                if let Some(entry) = open.remove(attempt) {
                    learn_attempt(set, &mut durations, &entry);
                }
            }
            Event::AttemptFailed { attempt, .. } => {
                open.remove(attempt);
            }
            _ => {}
        }
    }
    durations
}

/// When each task was first done, as reported or proven, in the order of the events.
pub fn tasks_done<'a>(set: &PlanSet, events: impl IntoIterator<Item = (At, &'a Event)>) -> Vec<At> {
    let mut seen: BTreeSet<(PlanName, TaskId)> = BTreeSet::new();
    let mut done = Vec::new();
    let mut add = |at: At, plan: &PlanName, task: TaskId| {
        if seen.insert((plan.clone(), task)) {
            done.push(at);
        }
    };
    for (at, event) in events {
        if let Event::TaskDone(report) = event
            && report.task.sub.is_none()
        {
            add(at, &report.plan, report.task.task);
        }
        if let Event::StageDone { plan, units, .. } = event {
            for unit in units {
                let phase = set.plan(plan).and_then(|plan| plan.document.phase(unit.phase()));
                let tasks = phase.into_iter().flat_map(|phase| &phase.tasks);
                let tasks = tasks.filter(|task| unit.covers(task.id));
                tasks.for_each(|task| add(at, plan, task.id));
            }
        }
    }
    done
}

/// An attempt at one unit measures that unit. An attempt at several phases measures their sum, which is shared evenly.
fn learn_attempt(set: &PlanSet, durations: &mut Durations, entry: &OpenAttempt) {
    let (Some(plan), Some(started), Some(ended)) = (&entry.plan, entry.started, entry.ended) else {
        return;
    };
    let took = ended.0.saturating_sub(started.0);
    let share = took / (entry.units.len().max(1) as u64);
    for unit in &entry.units {
        learn(durations, plan, *unit, share);
    }
    // Tasks that were begun and reported one by one have been measured already.
    if entry.begun.is_empty() {
        let tasks: usize = entry.units.iter().map(|unit| tasks_of(set, plan, *unit)).sum();
        for _ in 0..tasks {
            learn_agent(durations, entry.agent.as_ref(), took / tasks as u64);
        }
    }
}

/// How many tasks a unit has: one where its plan is no longer in the manifest.
fn tasks_of(set: &PlanSet, plan: &PlanName, unit: UnitId) -> usize {
    let phase = set.plan(plan).and_then(|plan| plan.document.phase(unit.phase()));
    match (unit, phase) {
        (UnitId::Phase(_), Some(phase)) => phase.tasks.len().max(1),
        (UnitId::Phase(_), None) | (UnitId::Task(_), _) => 1,
    }
}

fn learn_agent(durations: &mut Durations, agent: Option<&AgentName>, took: u64) {
    if let Some(agent) = agent {
        durations.agents.entry(agent.clone()).or_default().add(took);
    }
}

fn learn(durations: &mut Durations, plan: &PlanName, unit: UnitId, took: u64) {
    let units = durations.units.entry(plan.clone()).or_default();
    let known = units.entry(unit).or_insert(took);
    *known = mean(*known, took);
}

fn mean(known: u64, new: u64) -> u64 {
    // Every duration is at least 1, so that a path of unmeasurably short tasks still has a length.
    ((known as f64 * (1.0 - WEIGHT) + new as f64 * WEIGHT).round() as u64).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Generated;
    use crate::schedule::event::exit::Exit;

    fn attempt(sequence: u32, unit: UnitId, from: u64, to: u64, good: bool) -> Vec<(At, Event)> {
        let plan: PlanName = "auth".parse().unwrap();
        let attempt = AttemptId::new(&plan, sequence);
        let end = if good {
            Event::StageDone {
                plan: plan.clone(),
                attempt: attempt.clone(),
                units: vec![unit],
            }
        } else {
            Event::AttemptFailed {
                plan: plan.clone(),
                attempt: attempt.clone(),
                why: "".into(),
                retry_in_ms: None,
                counted: true,
                nothing_made: false,
                unread: false,
            }
        };
        vec![
            (
                At(from),
                Event::AttemptAssigned {
                    plan: plan.clone(),
                    attempt: attempt.clone(),
                    number: 1,
                    agent: "one".parse().unwrap(),
                    units: vec![unit],
                    lane: 0,
                    account: None,
                    ticks: None,
                },
            ),
            (
                At(from),
                Event::AgentStarted(AgentStart {
                    plan: plan.clone(),
                    attempt: attempt.clone(),
                    pid: 1,
                    head: None,
                    node: None,
                }),
            ),
            (
                At(to),
                Event::AgentEnded {
                    plan,
                    attempt,
                    exit: Exit::Code { code: 0 },
                    why: None,
                },
            ),
            (At(to), end),
        ]
    }

    #[test]
    fn what_succeeded_is_remembered_and_newer_runs_count_for_more() {
        let unit = UnitId::Task(TaskId::new(1, 1));
        let mut events = attempt(1, unit, 0, 100, true);
        events.extend(attempt(2, unit, 200, 1_000_000, false));
        events.extend(attempt(3, unit, 2_000_000, 2_000_300, true));
        let set = Generated {
            plans: 0,
            ..Generated::default()
        }
        .plan_set();
        let known = durations(&set, events.iter().map(|(at, event)| (*at, event)));
        assert_eq!(known.units[&"auth".parse().unwrap()][&unit], 200);
        assert_eq!(known.agents[&"one".parse().unwrap()].mean, 200);
    }

    #[test]
    fn an_attempt_at_a_whole_phase_measures_the_tasks_of_its_agent() {
        let mut set = Generated {
            plans: 1,
            tasks: 4,
            phase: 4,
            ..Generated::default()
        }
        .plan_set();
        set.plans[0].name = "auth".parse().unwrap();
        let phase = UnitId::Phase(set.plans[0].document.phases[0].id);
        let events = attempt(1, phase, 0, 400, true);
        let known = durations(&set, events.iter().map(|(at, event)| (*at, event)));
        let agent = known.agents[&"one".parse().unwrap()];
        assert_eq!((agent.mean, agent.tasks), (100, 4));
    }
}
