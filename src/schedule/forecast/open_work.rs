//! The work that is still open, as one graph over all plans.

use std::collections::BTreeMap;

use super::landings::{lands_alone, millis};
use super::pace::Pace;
use crate::plan::{PlanName, Point, TaskId, TaskState, UnitId};
use crate::schedule::event::at::At;
use crate::schedule::explain::states::task_state;
use crate::schedule::ready::freeze;
use crate::schedule::state::attempt::Attempt;
use crate::schedule::state::known::State;
use crate::schedule::state::person::stand_in::agent_of;
use crate::schedule::state::plan_run::{Outcome, PlanRun};
use crate::schedule::work::files_in_turn::FilesInTurn;
use crate::schedule::work::plans::{PlanWork, UnitWork, Work};

/// Every unit that is not done, by plan and in document order.
#[derive(Debug)]
pub(in crate::schedule) struct OpenWork {
    pub(in crate::schedule) units: Vec<OpenUnit>,
    /// The indices in `units` of each plan's units, in manifest order.
    pub(in crate::schedule) of_plan: Vec<Vec<usize>>,
    /// The spread of durations, as in [`Pace::spread`].
    pub(in crate::schedule) spread: Option<f64>,
}

/// However long a task has run, it is expected to need at least this part of its expected duration more: a half. Durations of tasks
/// are about log-normal with a deviation of 0.6. The mean time that such a task still needs never falls below a half. A task that has
/// run longer than expected needs half as long again: the longer it has run, the less the expected duration says.
const MORE: u64 = 2;

/// One unit that is not done.
#[derive(Debug)]
pub(in crate::schedule) struct OpenUnit {
    /// The plan's index in the manifest.
    pub(in crate::schedule) plan: usize,
    /// Its index in [`PlanWork::units`].
    pub(in crate::schedule) place: usize,
    /// Expected milliseconds of work that is left.
    pub(in crate::schedule) left: u64,
    /// How many of its tasks are open.
    pub(in crate::schedule) tasks: usize,
    /// True when an agent works on it.
    pub(in crate::schedule) at_work: bool,
    /// True when it cannot continue without a person.
    pub(in crate::schedule) needs_person: bool,
    /// Milliseconds from now before which it does not begin: its agent is limited, or a failed attempt is repeated later.
    pub(in crate::schedule) rests: u64,
    /// The gates that have to open before it begins.
    pub(in crate::schedule) gates: Vec<OpenGate>,
}

/// A gate that opens once `need` of these units are done.
#[derive(Debug)]
pub(in crate::schedule) struct OpenGate {
    /// Indices in [`OpenWork::units`].
    pub(in crate::schedule) of: Vec<usize>,
    pub(in crate::schedule) need: usize,
}

impl OpenWork {
    pub(in crate::schedule) fn of(work: &Work, state: &State) -> Self {
        let pace = Pace::of(work, state);
        let mut open = Self {
            units: Vec::new(),
            of_plan: Vec::with_capacity(work.plans.len()),
            spread: pace.spread,
        };
        for (number, plan) in work.plans.iter().enumerate() {
            let run = state.plan(&plan.name);
            let first = open.units.len();
            if is_open(state, &plan.name, run) {
                let undone = (0..plan.units.len()).filter(|place| !run.is_unit_done(plan.units[*place].id));
                let given = given(plan, run);
                let unit = |place| OpenUnit::new(plan, run, (state, &pace), (number, place), &given);
                open.units.extend(undone.map(unit));
            }
            open.of_plan.push((first..open.units.len()).collect());
        }
        for at in 0..open.units.len() {
            let unit = &open.units[at];
            if !unit.at_work {
                let (gates, needs_person) = open.gates(work, state, unit);
                open.units[at].gates = gates;
                open.units[at].needs_person |= needs_person;
            }
        }
        open
    }

    /// The gates that the unit waits for, and whether a person has to act on one of them.
    fn gates(&self, work: &Work, state: &State, unit: &OpenUnit) -> (Vec<OpenGate>, bool) {
        let plan = &work.plans[unit.plan];
        let own = plan.gates_at(unit.place).filter_map(|gate| {
            let of: Vec<usize> = gate
                .of()
                .filter_map(|place| self.place(unit.plan, place))
                .collect();
            let done = gate.of().len() - of.len();
            let need = gate.need.saturating_sub(done);
            (need > 0).then_some(OpenGate { of, need })
        });
        let mut gates: Vec<OpenGate> = own.collect();
        let mut needs_person = false;
        let depends = plan.depends.iter().chain(&plan.units[unit.place].depends);
        for dependency in depends.filter(|dependency| !state.is_satisfied(dependency)) {
            let other = &dependency.on.plan;
            let point = match dependency.landed {
                true => Point::Plan,
                false => dependency.on.point,
            };
            needs_person |= dependency.landed && !lands_alone(work, state, other);
            gates.extend(OpenGate::all(self.at_point(work, state, other, point)));
        }
        let turns = plan.after.iter().chain(&plan.units[unit.place].after);
        for on in turns.flat_map(FilesInTurn::points) {
            gates.extend(OpenGate::all(self.at_point(work, state, &on.plan, on.point)));
        }
        let freezes = freeze::of_unit(plan, state.plan(&plan.name), state, &plan.units[unit.place]);
        needs_person |= freezes.into_iter().any(|freeze| freeze.by.is_none());
        (gates, needs_person)
    }

    /// The index of an open unit in `units`, `None` when the unit is done.
    fn place(&self, plan: usize, place: usize) -> Option<usize> {
        let units = &self.of_plan[plan];
        let found = units.binary_search_by_key(&place, |unit| self.units[*unit].place);
        found.ok().map(|at| units[at])
    }

    fn at_point(&self, work: &Work, state: &State, plan: &PlanName, point: Point) -> Vec<usize> {
        let Some(number) = state.number(plan) else {
            return Vec::new();
        };
        let ids = &work.plans[number].units;
        let within = |unit: &&usize| match (point, ids[self.units[**unit].place].id) {
            (Point::Plan, _) => true,
            (Point::Phase(phase), id) => id.phase() == phase,
            (Point::Task(task), UnitId::Task(id)) => task == id,
            (Point::Task(task), UnitId::Phase(phase)) => task.phase == phase,
        };
        self.of_plan[number].iter().filter(within).copied().collect()
    }

    /// Expected milliseconds of all work that cannot be done before these units are.
    pub(in crate::schedule) fn held_up_by(&self, units: impl IntoIterator<Item = usize>) -> u64 {
        let mut held = vec![false; self.units.len()];
        for unit in units {
            held[unit] = true;
        }
        loop {
            let waits = |unit: &OpenUnit| unit.gates.iter().any(|gate| gate.is_shut(&held));
            let next: Vec<usize> = (0..held.len())
                .filter(|at| !held[*at] && waits(&self.units[*at]))
                .collect();
            if next.is_empty() {
                break;
            }
            for unit in next {
                held[unit] = true;
            }
        }
        let held = self.units.iter().zip(held).filter(|(_, held)| *held);
        held.map(|(unit, _)| unit.left).sum()
    }
}

impl OpenGate {
    fn all(of: Vec<usize>) -> Option<Self> {
        let need = of.len();
        (need > 0).then_some(Self { of, need })
    }

    /// True when too few of its members can be done.
    fn is_shut(&self, held: &[bool]) -> bool {
        self.of.iter().filter(|unit| !held[**unit]).count() < self.need
    }
}

impl OpenUnit {
    fn new(
        plan: &PlanWork,
        run: &PlanRun,
        (state, pace): (&State, &Pace),
        (number, place): (usize, usize),
        given: &BTreeMap<UnitId, (&Attempt, bool)>,
    ) -> Self {
        let unit = &plan.units[place];
        let given = given.get(&unit.id);
        let attempt = given.and_then(|(attempt, is_at_work)| is_at_work.then_some(*attempt));
        let open = match open_tasks(plan, run, unit.id) {
            // An agent that has reported all of it is at work on what comes next.
            0 if given.is_some() && attempt.is_none() => 0,
            open => open.max(1),
        };
        let agent = attempt.map_or(&unit.agent, |attempt| &attempt.agent);
        let each = pace.expected_each(plan, unit, agent).unwrap_or_default().round() as u64;
        let gated = |point: &Point| match point {
            Point::Plan => true,
            Point::Phase(phase) => unit.id.phase() == *phase,
            Point::Task(task) => unit.id == UnitId::Task(*task),
        };
        let unapproved = plan
            .gated()
            .any(|point| gated(&point) && !run.approved.contains(&point));
        let stopped = run.outcome.is_some() || run.lost.contains_key(&unit.id);
        let paused = run.paused.keys().any(gated);
        Self {
            plan: number,
            place,
            left: attempt.map_or(open as u64 * each, |attempt| {
                let elapsed = millis(state.now.since(last_news(run, attempt)));
                (open as u64 - 1) * each + each.saturating_sub(elapsed).max(each.max(elapsed) / MORE)
            }),
            tasks: open,
            at_work: attempt.is_some(),
            rests: rests(run, state, unit),
            needs_person: attempt.is_none() && (stopped || unapproved || paused),
            gates: Vec::new(),
        }
    }
}

/// How long the unit waits for its agent or for its next attempt, in milliseconds.
fn rests(run: &PlanRun, state: &State, unit: &UnitWork) -> u64 {
    let agent = agent_of(run, unit);
    let limited = state.closed_until(agent).map(|(until, _)| until);
    let parked = run.parking(agent, state.now).map(|parking| parking.until);
    let retry = run.tries_of(Some(unit.id), false).retry_at;
    let until = [limited, parked, retry].into_iter().flatten().max();
    until.map_or(0, |until| millis(until.since(state.now)))
}

/// How many tasks of the unit are neither done nor skipped.
fn open_tasks(plan: &PlanWork, run: &PlanRun, unit: UnitId) -> usize {
    let settled = |task: &TaskId| {
        let state = task_state(plan, run, *task);
        matches!(state, TaskState::Done | TaskState::Skipped)
    };
    let tasks = plan.unit_tasks(unit);
    tasks.iter().filter(|task| !settled(task)).count()
}

/// The units that agents of the plan were given, each with the attempt, and true where the agent is at work on it.
fn given<'a>(plan: &PlanWork, run: &'a PlanRun) -> BTreeMap<UnitId, (&'a Attempt, bool)> {
    let mut given = BTreeMap::new();
    for attempt in run.attempts.values() {
        let current = at_work_on(plan, run, attempt);
        let units = attempt.units.iter();
        given.extend(units.map(|unit| (*unit, (attempt, current == Some(*unit)))));
    }
    given
}

/// The unit that an attempt is at work on: the first with an open task, else the first that is not done.
fn at_work_on(plan: &PlanWork, run: &PlanRun, attempt: &Attempt) -> Option<UnitId> {
    let mut undone = attempt.units.iter().filter(|unit| !run.is_unit_done(**unit));
    let first = undone.clone().next();
    undone
        .find(|unit| open_tasks(plan, run, **unit) > 0)
        .or(first)
        .copied()
}

/// When the attempt last reported something, or else when it began.
fn last_news(run: &PlanRun, attempt: &Attempt) -> At {
    let own = |task: TaskId| attempt.units.iter().any(|unit| unit.covers(task));
    let items = run.items.iter().filter(|(item, _)| own(item.task));
    let told = items.map(|(_, item)| item.since).max().unwrap_or_default();
    told.max(attempt.since)
}

/// True when work of the plan may still be done, by agents or with a person's help.
fn is_open(state: &State, name: &PlanName, run: &PlanRun) -> bool {
    let over = match run.outcome {
        Some(Outcome::Finished | Outcome::Cancelled) => true,
        // What was skipped because something failed is done once that is.
        Some(Outcome::Skipped(_)) => run.left_out,
        Some(Outcome::Failed(_) | Outcome::Held(_)) | None => false,
    };
    state.drives(name) && !over && !state.is_landed(name)
}
