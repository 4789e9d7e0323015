//! Which plans a run drives when some are named.

use std::collections::BTreeSet;

use crate::plan::{PlanName, PlanSet};

/// The named plans and everything they depend on, in manifest order; empty, which means all, when none is named.
pub fn with_dependencies(set: &PlanSet, named: &[PlanName]) -> Vec<PlanName> {
    let mut wanted: BTreeSet<&PlanName> = BTreeSet::new();
    let mut open: Vec<&PlanName> = named.iter().collect();
    while let Some(name) = open.pop() {
        let Some(plan) = set.plan(name) else {
            continue;
        };
        if !wanted.insert(&plan.name) {
            continue;
        }
        open.extend(plan.depends.iter().map(|dependency| &dependency.on.plan));
        for settings in plan.phases.values() {
            open.extend(settings.depends.iter().map(|dependency| &dependency.on.plan));
        }
        for phase in &plan.document.phases {
            let tasks = phase.tasks.iter().flat_map(|task| &task.cross);
            open.extend(phase.depends.iter().chain(tasks).map(|dependency| &dependency.on.plan));
        }
    }
    set.plans.iter().filter(|plan| wanted.contains(&plan.name)).map(|plan| plan.name.clone()).collect()
}
