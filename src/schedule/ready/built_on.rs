//! Work that was built on work whose check failed afterwards.

use std::collections::BTreeSet;

use crate::plan::{Dependency, Point, UnitId, WorkRef};
use crate::schedule::event::why::built_on::BuiltOn;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::{PlanWork, UnitWork, Work};

/// All begun or done work that waited for work of the check's phase, directly or through other work. Work of the check's own plan
/// comes first, then work of other plans, each in document order.
pub(in crate::schedule) fn built_on(work: &Work, state: &State, plan: usize, check: UnitId) -> Vec<BuiltOn> {
    let of_phase = work.plans[plan].units.iter().enumerate();
    let checked = of_phase.filter(|(_, unit)| unit.id.phase() == check.phase() && unit.id != check);
    let mut rests: BTreeSet<(usize, usize)> = checked.map(|(unit, _)| (plan, unit)).collect();
    let checked = rests.clone();
    loop {
        let before = rests.len();
        for (number, own) in work.plans.iter().enumerate() {
            for (place, unit) in own.units.iter().enumerate() {
                let begun = is_begun(&state.plans[number], unit.id);
                if begun && !rests.contains(&(number, place)) && waits_for(work, number, place, &rests) {
                    rests.insert((number, place));
                }
            }
        }
        if rests.len() == before {
            break;
        }
    }
    let found = rests.difference(&checked);
    let found = found
        .copied()
        .filter(|found| (found.0, work.plans[found.0].units[found.1].id) != (plan, check));
    let (own, others): (Vec<_>, Vec<_>) = found.partition(|(number, _)| *number == plan);
    let named = own.into_iter().chain(others).map(|(number, place)| {
        let (of, unit) = (&work.plans[number], work.plans[number].units[place].id);
        match number == plan {
            true => BuiltOn::Own(unit),
            false => BuiltOn::Other(WorkRef::at(&of.name, unit.point())),
        }
    });
    named.collect()
}

fn is_begun(run: &PlanRun, unit: UnitId) -> bool {
    let phase = matches!(unit, UnitId::Phase(phase) if !run.by_units && run.touched.contains(&phase));
    run.proven.contains(&unit) || run.is_worked_on(unit) || phase
}

/// True when a unit waits for one of the units in `rests`.
fn waits_for(work: &Work, plan: usize, unit: usize, rests: &BTreeSet<(usize, usize)>) -> bool {
    let own = &work.plans[plan];
    let inside = || {
        let members = own.gates_at(unit).flat_map(|gate| gate.of().collect::<Vec<_>>());
        members.into_iter().any(|member| rests.contains(&(plan, member)))
    };
    let outside = || {
        let mut depends = own.depends.iter().chain(&own.units[unit].depends);
        depends.any(|dependency| names_one(work, dependency, rests))
    };
    inside() || outside()
}

fn names_one(work: &Work, dependency: &Dependency, rests: &BTreeSet<(usize, usize)>) -> bool {
    let covers = |plan: &PlanWork, unit: &UnitWork| {
        plan.name == dependency.on.plan
            && match dependency.on.point {
                Point::Plan => true,
                Point::Phase(phase) => unit.id.phase() == phase,
                Point::Task(task) => unit.id.covers(task),
            }
    };
    let mut named = rests.iter().map(|(plan, unit)| (&work.plans[*plan], *unit));
    named.any(|(plan, unit)| covers(plan, &plan.units[unit]))
}
