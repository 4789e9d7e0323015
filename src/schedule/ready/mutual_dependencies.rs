//! Plans that depend on each other: `billing` on `auth.1`, and the second phase of `auth` on `billing`. Neither can land as a
//! whole after the other.

use std::collections::BTreeSet;

use crate::plan::{PlanName, Point, WorkRef};

use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::Outcome;
use crate::schedule::work::plans::{PlanWork, Work};

/// True when the plan does not wait for `on` to land, because the plan of `on` depends on it in turn.
///
/// The first of such plans to land brings commits of the others along, so none lands before all of them are finished. Then a plan
/// that depends on the whole of another lands after that one. Of the others, a plan lands first if its dependency continues with
/// phases that depend on it.
pub(in crate::schedule) fn lands_before(work: &Work, plan: &PlanWork, on: &WorkRef, state: &State) -> bool {
    if on.point == Point::Plan {
        return false;
    }
    let find = |name: &PlanName| state.number(name).map(|number| &work.plans[number]);
    let Some(other) = find(&on.plan) else {
        return false;
    };
    let next = |plan: &'_ PlanWork| -> Vec<PlanName> {
        plan.all_depends()
            .map(|dependency| dependency.on.plan.clone())
            .collect()
    };
    let reached = reach(&other.name, |name| find(name).map(next).unwrap_or_default());
    if !reached.contains(&plan.name) {
        return false;
    }
    // Every plan that the other one depends on, and that depends on the other one in turn, has to be finished.
    let finished = reached.iter().all(|name| {
        state.plan(name).outcome == Some(Outcome::Finished)
            || !reach(name, |name| find(name).map(next).unwrap_or_default()).contains(&other.name)
    });
    if !finished {
        return false;
    }
    let kept = |from: &PlanWork| -> Vec<PlanName> {
        let kept = from.all_depends().filter(|dependency| {
            dependency.on.point == Point::Plan
                || !find(&dependency.on.plan)
                    .is_some_and(|of| goes_on_after(of, dependency.on.point, &from.name, &find))
        });
        kept.map(|dependency| dependency.on.plan.clone()).collect()
    };
    goes_on_after(other, on.point, &plan.name, &find)
        || reach(&other.name, |name| find(name).map(kept).unwrap_or_default()).contains(&plan.name)
}

/// True when the phases after a point of a plan depend on another plan.
fn goes_on_after<'w>(
    of: &'w PlanWork,
    point: Point,
    name: &PlanName,
    find: &impl Fn(&PlanName) -> Option<&'w PlanWork>,
) -> bool {
    let Some(place) = point
        .phase()
        .and_then(|phase| of.phases.iter().position(|known| known.id == phase))
    else {
        return false;
    };
    let later: BTreeSet<_> = of.phases[place + 1..].iter().map(|phase| phase.id).collect();
    let units = of.units.iter().filter(|unit| later.contains(&unit.id.phase()));
    let mut named = units.flat_map(|unit| &unit.depends);
    named.any(|dependency| {
        let on = &dependency.on.plan;
        let next = |name: &PlanName| -> Vec<PlanName> {
            let depends = find(name).into_iter().flat_map(PlanWork::all_depends);
            depends.map(|dependency| dependency.on.plan.clone()).collect()
        };
        on == name || reach(on, next).contains(name)
    })
}

/// The plans that can be reached from a plan.
fn reach(from: &PlanName, next: impl Fn(&PlanName) -> Vec<PlanName>) -> BTreeSet<PlanName> {
    let mut seen = BTreeSet::new();
    let mut open = next(from);
    while let Some(name) = open.pop() {
        if !seen.contains(&name) {
            open.extend(next(&name));
            seen.insert(name);
        }
    }
    seen
}
