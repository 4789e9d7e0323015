//! The plans and units that start from a pinned commit of another plan.

use std::collections::BTreeMap;

use crate::plan::WorkRef;

use super::files_in_turn::FilesInTurn;
use super::plans::Work;

/// The plans and units that start from the commit of a point, by index in the manifest and in the plan.
#[derive(Debug, Clone, Default)]
pub(in crate::schedule) struct Dependents {
    /// Plans that start from it as a whole.
    pub plans: Vec<usize>,
    /// Single units.
    pub units: Vec<(usize, usize)>,
}

impl Dependents {
    /// Every point that others start from, with its dependents.
    pub(in crate::schedule) fn of_all(work: &Work) -> BTreeMap<WorkRef, Self> {
        let mut all: BTreeMap<WorkRef, Self> = BTreeMap::new();
        for (number, plan) in work.plans.iter().enumerate().filter(|(_, plan)| plan.carry) {
            for dependency in plan.depends.iter().filter(|dependency| !dependency.landed) {
                all.entry(dependency.on.clone()).or_default().plans.push(number);
            }
            for on in plan.after.iter().flat_map(FilesInTurn::points) {
                all.entry(on).or_default().plans.push(number);
            }
            for (unit, own) in plan.units.iter().enumerate() {
                for dependency in own.depends.iter().filter(|dependency| !dependency.landed) {
                    let behind = all.entry(dependency.on.clone()).or_default();
                    behind.units.push((number, unit));
                }
                for on in own.after.iter().flat_map(FilesInTurn::points) {
                    all.entry(on).or_default().units.push((number, unit));
                }
            }
        }
        all
    }
}
