//! Which plans a run drives when some are named.

use std::collections::BTreeSet;

use crate::plan::{PlanName, PlanSet};

/// The named plans and everything they depend on, in manifest order; empty, which means all, when none is named.
pub fn with_dependencies(set: &PlanSet, named: &[PlanName]) -> Vec<PlanName> {
    let mut wanted: BTreeSet<PlanName> = BTreeSet::new();
    let mut open: Vec<PlanName> = named.to_vec();
    while let Some(name) = open.pop() {
        let Some(plan) = set.plan(&name) else {
            continue;
        };
        if !wanted.insert(name) {
            continue;
        }
        open.extend(plan.all_waits().map(|dependency| dependency.on.plan));
    }
    set.plans
        .iter()
        .filter(|plan| wanted.contains(&plan.name))
        .map(|plan| plan.name.clone())
        .collect()
}
