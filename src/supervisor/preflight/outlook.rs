//! The expected ends of plans at the start of a run, and the dependencies of each plan.

use std::collections::BTreeMap;

use crate::graph::Durations;
use crate::journal::Record;
use crate::plan::{Dependency, PlanName, PlanSet, RunId};
use crate::schedule::eta;
use crate::supervisor::project::replay::Replay;

/// The expected end of each plan at the start of a run, in milliseconds from the start. Computed from the records before the
/// run, with the durations measured until then. There are no entries without any estimate, and none for a plan that was done
/// before or that needed a person first.
pub fn planned_ends(set: &PlanSet, records: &[Record], run: RunId) -> BTreeMap<PlanName, u64> {
    let before = records.partition_point(|record| record.run < run);
    let Replay { scheduler, durations } = Replay::of(set, &records[..before], false);
    if !is_estimated(set, &durations) {
        return BTreeMap::new();
    }
    let expected = eta(scheduler.work(), scheduler.state());
    let names = set.plans.iter().map(|plan| plan.name.clone());
    let ends = names.zip(expected.plans);
    ends.filter_map(|(name, end)| Some((name, end?))).collect()
}

/// The dependencies of each plan, of the whole plan or of one of its phases.
pub fn waits_for(set: &PlanSet) -> BTreeMap<PlanName, Vec<Dependency>> {
    let plans = set.plans.iter();
    plans
        .map(|plan| (plan.name.clone(), plan.all_waits().collect()))
        .collect()
}

/// True when something is known about how long work takes: measured before, or stated in a document or the manifest.
fn is_estimated(set: &PlanSet, durations: &Durations) -> bool {
    let stated = set.plans.iter().any(|plan| {
        let tasks = plan.document.tasks().any(|task| task.expected.is_some());
        let phases = plan.document.phases.iter().any(|phase| phase.expected.is_some());
        plan.expected.is_some() || plan.document.expected.is_some() || phases || tasks
    });
    stated || !durations.units.is_empty() || !durations.agents.is_empty()
}
