//! The work as jobs that wait for each other, from which all schedules branch off.

use std::collections::BTreeMap;

use orch::graph::Gate;
use orch::plan::{Dependency, Dispatch, PlanName, Point, UnitId};
use orch::schedule::{FilesInTurn, PlanWork, Work};

use super::jobs::{Jobs, bit, members, set, union};

/// A unit that is still to be done.
#[derive(Debug)]
pub(super) struct Job {
    pub took: u64,
    /// The least time between its end and the end of everything.
    pub tail: u64,
    pub before: Jobs,
    pub plan: usize,
    /// What the same agent continues with at once.
    pub next: Option<usize>,
    /// All that it continues with after that too, and how long that takes.
    pub carries: Jobs,
    pub rest: u64,
}

/// The work, and in which order its jobs may be looked at so that each comes after what it waits for.
#[derive(Debug)]
pub(super) struct Tree {
    pub jobs: Vec<Job>,
    pub order: Vec<usize>,
    /// By falling tails.
    pub by_tail: Vec<usize>,
    /// What begins when its turn comes, not when an agent gets there.
    pub first: Jobs,
    pub lanes: Vec<usize>,
    pub slots: usize,
}

impl Tree {
    pub(super) fn new(work: &Work, took: &dyn Fn(usize, usize) -> u64) -> Option<Self> {
        let mut numbers: Vec<Vec<Option<usize>>> = Vec::new();
        let mut jobs: Vec<Job> = Vec::new();
        for (plan, own) in work.plans.iter().enumerate() {
            let of_units = own.units.iter().enumerate().map(|(place, unit)| {
                (!unit.ticked).then(|| {
                    jobs.push(Job {
                        took: took(plan, place),
                        tail: 0,
                        before: 0,
                        plan,
                        next: None,
                        carries: 0,
                        rest: 0,
                    });
                    jobs.len() - 1
                })
            });
            numbers.push(of_units.collect());
        }
        if jobs.len() > Jobs::BITS as usize {
            return None;
        }
        let plans: BTreeMap<&PlanName, usize> = work.plans.iter().map(|plan| &plan.name).zip(0..).collect();
        let end_of = |name: &PlanName, point: Point| -> Jobs {
            let Some(&plan) = plans.get(name) else { return 0 };
            let own = &work.plans[plan];
            let counted = own.units.iter().zip(&numbers[plan]);
            let counted = counted.filter(|(unit, _)| is_part(own, unit.id, point));
            set(counted.filter_map(|(_, number)| *number))
        };
        for (plan, own) in work.plans.iter().enumerate() {
            let turns = |after: &[FilesInTurn]| {
                let points = after.iter().flat_map(FilesInTurn::points);
                union(points.map(|on| end_of(&on.plan, on.point)))
            };
            let depends = own.depends.iter();
            let depends = depends.map(|dependency| end_of(&dependency.on.plan, dependency.on.point));
            let whole = turns(&own.after) | union(depends);
            for (place, unit) in own.units.iter().enumerate() {
                let Some(job) = numbers[plan][place] else { continue };
                let others = unit.depends.iter();
                let others = others.map(|dependency| end_of(&dependency.on.plan, dependency.on.point));
                let gates = own.gates_at(place).filter(|gate| !gate.is_partial());
                let within = gates.flat_map(Gate::of);
                let within = set(within.filter_map(|member| numbers[plan][member]));
                jobs[job].before = union(others) | turns(&unit.after) | whole | within;
            }
        }
        let mut first = set(0..jobs.len());
        for (own, numbers) in work.plans.iter().zip(&numbers) {
            for (place, pair) in numbers.windows(2).enumerate() {
                if let &[Some(one), Some(two)] = pair
                    && goes_on(own, place)
                    && jobs[two].before & !ancestors(&jobs, one) == bit(one)
                {
                    jobs[one].next = Some(two);
                    first &= !bit(two);
                }
            }
        }
        let mut order: Vec<usize> = Vec::with_capacity(jobs.len());
        let mut sorted: Jobs = 0;
        while order.len() < jobs.len() {
            let next =
                (0..jobs.len()).find(|job| sorted & bit(*job) == 0 && jobs[*job].before & !sorted == 0)?;
            sorted |= bit(next);
            order.push(next);
        }
        for &job in order.iter().rev() {
            let least = jobs[job].tail + jobs[job].took;
            for before in members(jobs[job].before) {
                jobs[before].tail = jobs[before].tail.max(least);
            }
            if let Some(next) = jobs[job].next {
                jobs[job].carries = jobs[next].carries | bit(next);
                jobs[job].rest = jobs[next].rest + jobs[next].took;
            }
        }
        let mut by_tail = order.clone();
        by_tail.sort_by_key(|job| std::cmp::Reverse(jobs[*job].tail));
        Some(Self {
            jobs,
            order,
            by_tail,
            first,
            lanes: work.plans.iter().map(|plan| plan.lanes.max(1)).collect(),
            slots: work.slots.max(1),
        })
    }
}

/// True for the units whose end is, or is part of, the end of a point of their plan.
fn is_part(plan: &PlanWork, unit: UnitId, point: Point) -> bool {
    match (point, unit) {
        (Point::Plan, _) => true,
        (Point::Phase(phase), _) => unit.phase() == phase && !plan.is_background(unit),
        (Point::Task(task), UnitId::Task(own)) => own == task,
        // Reported while its agent continues with the phase, at a moment that is not looked at.
        (Point::Task(_), UnitId::Phase(_)) => false,
    }
}

/// True when something decides when units may begin that is not looked at.
pub(super) fn leaves_out(work: &Work) -> bool {
    let inside = |dependency: &Dependency| {
        let on = work.plans.iter().find(|plan| plan.name == dependency.on.plan);
        matches!(dependency.on.point, Point::Task(_))
            && on.is_some_and(|plan| plan.dispatch != Dispatch::Task)
    };
    let of_plan = |plan: &PlanWork| {
        let units = plan.units.iter().enumerate();
        let mut units = units.filter(|(_, unit)| !unit.ticked);
        plan.depends.iter().any(inside)
            || !plan.approvals.is_empty()
            || units.any(|(place, unit)| {
                !unit.uses.is_empty()
                    || !unit.locks.is_empty()
                    || work.agent_limits.contains_key(&unit.agent)
                    || unit.depends.iter().any(inside)
                    || plan.gates_at(place).any(Gate::is_partial)
            })
    };
    work.plans.iter().any(of_plan)
}

/// Whether the agent that has done the unit at a place continues with the next one whatever happens elsewhere, if that waits for
/// nothing but the unit and what comes before it.
fn goes_on(plan: &PlanWork, place: usize) -> bool {
    let (one, two) = (&plan.units[place], &plan.units[place + 1]);
    plan.dispatch == Dispatch::Plan
        && plan.approvals.is_empty()
        && two.depends.is_empty()
        && !plan.gates_at(place + 1).any(Gate::is_partial)
        && (&one.agent, &one.uses, one.timeout) == (&two.agent, &two.uses, two.timeout)
}

/// Everything that has to be done before a job.
fn ancestors(jobs: &[Job], job: usize) -> Jobs {
    let (mut all, mut new) = (0, jobs[job].before);
    while new != 0 {
        all |= new;
        new = union(members(new).map(|before| jobs[before].before)) & !all;
    }
    all
}
