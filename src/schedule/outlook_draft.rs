//! Making an outlook on the work that is left from what is known.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::graph::Counts;
use crate::plan::{AgentName, PlanName, Point, ResourceName, TaskId, UnitId};

use super::attempt::{Attempt, Stage};
use super::dispatch;
use super::exit::Exit;
use super::outlook::{Job, Lanes, Missing, Outlook, Running};
use super::plan_run::{Outcome, PlanRun, Verify};
use super::scheduler::Scheduler;
use super::standing::Standing;
use super::work::PlanWork;

/// What a draft of the outlook looks up.
struct Draft<'s> {
    scheduler: &'s Scheduler,
    out: Outlook,
    /// Job of each open unit, by the plan's place in the manifest.
    job_of: BTreeMap<(usize, usize), usize>,
    points: BTreeMap<(usize, Point), Option<usize>>,
    kinds: BTreeMap<(AgentName, BTreeSet<ResourceName>, Duration), usize>,
}

impl Outlook {
    /// Looks at the plans with open units, by their places in the manifest.
    pub fn new(scheduler: &Scheduler, plans: impl Iterator<Item = usize>) -> Self {
        let work = &scheduler.work;
        let mut draft = Draft {
            scheduler,
            out: Self {
                slots: work.slots,
                ..Self::default()
            },
            job_of: BTreeMap::new(),
            points: BTreeMap::new(),
            kinds: BTreeMap::new(),
        };
        let agents = work.agent_limits.values().copied();
        let tokens = work.resources.values().map(|tokens| *tokens as usize);
        draft.out.limits = agents.chain(tokens).collect();
        for number in plans {
            draft.add_plan(number);
        }
        for place in 0..draft.out.plans.len() {
            draft.add_waits(place);
            draft.add_running(place);
        }
        let mut out = draft.out;
        out.rank(scheduler);
        out.add_tails();
        out
    }
}

impl Draft<'_> {
    fn add_plan(&mut self, number: usize) {
        let (plan, run) = (
            &self.scheduler.work.plans[number],
            &self.scheduler.state.plans[number],
        );
        let Some(standing) = &self.scheduler.frontier.standing[number] else {
            return;
        };
        let first = self.out.jobs.len();
        let place = self.out.plans.len();
        let free = run.failed_check().is_none()
            && !run.cancelling.contains(&Point::Plan)
            && run.is_open()
            && self.scheduler.state.drives(&plan.name)
            && !matches!(run.verify, Verify::Running | Verify::Failed);
        let look = self.scheduler.look(number);
        for (unit, own) in plan.units.iter().enumerate() {
            if standing.settled[unit] {
                continue;
            }
            self.job_of.insert((number, unit), self.out.jobs.len());
            let tries = run.tries_of(Some(own.id), false);
            let limits = self.limits(&own.agent, &own.uses);
            let kinds = self.kinds.len();
            let kind = (own.agent.clone(), own.uses.clone(), own.timeout);
            let kind = *self.kinds.entry(kind).or_insert(kinds);
            self.out.jobs.push(Job {
                plan: place,
                unit,
                took: open_share(plan, run, own.id, own.expected),
                tail: 0,
                key: (Reverse(own.priority), tries.attempts == 0),
                class: 0,
                release: tries
                    .retry_at
                    .map_or(0, |due| due.0.saturating_sub(self.scheduler.state.now.0)),
                able: free && look.is_free_of_people(own.id),
                kind,
                limits,
                locks: if plan.by_units() {
                    own.locks.clone()
                } else {
                    Vec::new()
                },
                inside: Vec::new(),
                outside: Vec::new(),
                during: Vec::new(),
                rule: 0,
            });
            self.out.closed.push(0);
        }
        self.out.plans.push(Lanes {
            number,
            most: self.scheduler.machine.lanes(plan, run),
            busy: 0,
            by_units: plan.by_units(),
            jobs: first..self.out.jobs.len(),
        });
    }

    fn limits(&self, agent: &AgentName, uses: &BTreeSet<ResourceName>) -> Vec<usize> {
        let work = &self.scheduler.work;
        let own = work.agent_limits.keys().position(|name| name == agent);
        let tokens = work
            .resources
            .keys()
            .enumerate()
            .filter(|(_, name)| uses.contains(*name));
        let tokens = tokens.map(|(place, _)| work.agent_limits.len() + place);
        own.into_iter().chain(tokens).collect()
    }

    /// What the units of a plan wait for.
    fn add_waits(&mut self, place: usize) {
        let number = self.out.plans[place].number;
        let plan = &self.scheduler.work.plans[number];
        let Some(standing) = &self.scheduler.frontier.standing[number] else {
            return;
        };
        let mut gates: BTreeMap<usize, Option<usize>> = BTreeMap::new();
        let mut whole: Vec<usize> = Vec::new();
        for dependency in &plan.depends {
            if !dispatch::is_met(plan, dependency, &self.scheduler.state) {
                whole.extend(self.point(&dependency.on.plan, dependency.on.point));
            }
        }
        for other in dispatch::not_settled(plan, &self.scheduler.state) {
            whole.extend(self.point(other, Point::Plan));
        }
        for job in self.out.plans[place].jobs.clone() {
            let place = self.out.jobs[job].unit;
            let unit = &plan.units[place];
            let mut waits = whole.clone();
            for dependency in &unit.depends {
                if !dispatch::is_met(plan, dependency, &self.scheduler.state) {
                    waits.extend(self.point(&dependency.on.plan, dependency.on.point));
                }
            }
            for gate in plan.waits.of(place) {
                let known = gates.get(&gate).copied();
                waits.extend(known.unwrap_or_else(|| {
                    let wait = self.gate(number, plan, standing, gate);
                    gates.insert(gate, wait);
                    wait
                }));
            }
            self.out.closed[job] = waits.len();
            for wait in waits {
                self.out.waits[wait].waiting.push(job);
            }
        }
    }

    /// A gate inside a plan, as far as it is closed.
    fn gate(&mut self, number: usize, plan: &PlanWork, standing: &Standing, gate: usize) -> Option<usize> {
        let gate = plan.gates.get(gate);
        let counts = match gate.counts {
            Counts::Done => &standing.done,
            Counts::Settled => &standing.settled,
        };
        let need = gate.missing(|member| counts[member]);
        if need == 0 {
            return None;
        }
        let wait = self.out.waits.len();
        let of = gate.of().filter_map(|member| self.job_of.get(&(number, member)));
        let of: Vec<usize> = of.copied().collect();
        self.out.waits.push(Missing {
            need,
            members: of.len(),
            waiting: Vec::new(),
        });
        for job in of {
            self.out.jobs[job].inside.push(wait);
        }
        Some(wait)
    }

    /// The end of a plan, phase or task that others wait for; none when it has come and is only being looked at or pinned.
    fn point(&mut self, plan: &PlanName, point: Point) -> Option<usize> {
        let state = &self.scheduler.state;
        let number = state.number(plan)?;
        if let Some(known) = self.points.get(&(number, point)) {
            return *known;
        }
        let (work, run) = (&self.scheduler.work.plans[number], &state.plans[number]);
        let mut of: Vec<(usize, Option<u64>)> = Vec::new();
        let mut need = 0;
        let never = run.has_lost(point)
            || run.pins_refused.contains_key(&point)
            || (!run.has_reached(point)
                && (matches!(run.outcome, Some(Outcome::Held(_))) || !state.drives(plan)));
        if !run.has_reached(point) {
            for (unit, own) in work.units.iter().enumerate() {
                let member = match point {
                    Point::Plan => true,
                    Point::Phase(phase) => own.id.phase() == phase && !work.is_background(own.id),
                    Point::Task(task) => own.id == UnitId::Task(task) || own.id == UnitId::Phase(task.phase),
                };
                let Some(job) = self.job_of.get(&(number, unit)).filter(|_| member) else {
                    continue;
                };
                need += 1;
                let after = match point {
                    Point::Task(task) if !work.by_units() => {
                        Some(task_end(work, run, own.id, task, own.expected))
                    }
                    _ => None,
                };
                of.push((*job, after));
            }
        }
        let wait = (need > 0 || never).then_some(self.out.waits.len());
        if let Some(wait) = wait {
            for (job, after) in &of {
                match after {
                    Some(after) => self.out.jobs[*job].during.push((*after, wait)),
                    None => self.out.jobs[*job].outside.push(wait),
                }
            }
            self.out.waits.push(Missing {
                need: if never { usize::MAX } else { need },
                members: of.len(),
                waiting: Vec::new(),
            });
        }
        self.points.insert((number, point), wait);
        wait
    }

    fn add_running(&mut self, place: usize) {
        let number = self.out.plans[place].number;
        let plan = &self.scheduler.work.plans[number];
        let run = &self.scheduler.state.plans[number];
        for attempt in run.attempts.values() {
            let units = attempt.units.iter().filter_map(|id| plan.unit_place(*id));
            let jobs = units.filter_map(|unit| self.job_of.get(&(number, unit)).copied());
            let jobs: Vec<usize> = jobs.collect();
            if !comes_to_an_end(attempt) {
                continue;
            }
            let whole: u64 = attempt
                .units
                .iter()
                .filter_map(|id| plan.unit(*id))
                .map(|unit| unit.expected)
                .sum();
            let left: u64 = if attempt.stage.holds_slot() {
                let passed = self.scheduler.state.now.0.saturating_sub(attempt.since.0);
                // What takes longer than expected is near its end, or it would have been expected to.
                whole.checked_sub(passed).unwrap_or(whole / 8)
            } else {
                0
            };
            // The last units are what is left.
            let mut ends: Vec<(usize, u64)> = Vec::new();
            let mut behind = 0;
            for job in jobs.iter().rev() {
                ends.push((*job, left.saturating_sub(behind)));
                behind += plan.units[self.out.jobs[*job].unit].expected;
            }
            ends.reverse();
            self.out.plans[place].busy += 1;
            self.out.running.push(Running {
                plan: place,
                jobs: ends,
                end: left,
                holds_slot: attempt.stage.holds_slot(),
            });
        }
    }
}

/// True when the attempt is expected to end well.
fn comes_to_an_end(attempt: &Attempt) -> bool {
    match &attempt.stage {
        Stage::Assigned | Stage::Running => true,
        Stage::Ended(exit) | Stage::Checked(exit, _) => *exit == Exit::Code { code: 0 },
    }
}

/// What is left of a unit when some of its tasks were done by an attempt before.
fn open_share(plan: &PlanWork, run: &PlanRun, unit: UnitId, expected: u64) -> u64 {
    let UnitId::Phase(phase) = unit else {
        return expected.max(1);
    };
    let tasks = plan.phase(phase).map_or(&[][..], |phase| &phase.tasks);
    let all = tasks.iter().filter(|(_, ticked)| !ticked);
    let open = all
        .clone()
        .filter(|(task, _)| !run.is_item_settled(&(*task).into()));
    let (all, open) = (all.count() as u64, open.count() as u64);
    (expected * open).checked_div(all).unwrap_or(expected)
}

/// When a task inside a unit is reached, counted from the unit's start.
fn task_end(plan: &PlanWork, run: &PlanRun, unit: UnitId, task: TaskId, expected: u64) -> u64 {
    let tasks = plan.unit_tasks(unit);
    let open: Vec<_> = tasks
        .into_iter()
        // The VERIFY block of a phase comes at its end.
        .filter(|task| unit.is_verify() || !task.is_verify())
        .filter(|task| !run.is_item_settled(&(*task).into()))
        .collect();
    let place = open
        .iter()
        .position(|other| *other == task)
        .map_or(0, |place| place as u64 + 1);
    expected * place / (open.len() as u64).max(1)
}
