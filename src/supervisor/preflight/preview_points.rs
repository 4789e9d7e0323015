//! The points where plans wait for each other or for a person, for `orch preview`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::plan::{PlanName, PlanSet, WorkRef};
use crate::schedule::Scheduler;

/// A point that several plans wait for.
#[derive(Debug, Clone, Serialize)]
pub struct PreviewPoint {
    /// The point, as dependencies name it; for a `[sync.NAME]`, its name.
    pub id: String,
    /// The plans that wait there.
    pub plans: Vec<PlanName>,
    /// The points that must be reached before any of them continues.
    pub points: Vec<String>,
}

/// Points that several plans wait for. Those that the manifest names come first.
pub fn sync_points(set: &PlanSet) -> Vec<PreviewPoint> {
    let mut waiting: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (number, plan) in set.plans.iter().enumerate() {
        for dependency in plan.all_waits() {
            waiting.entry(dependency.to_string()).or_default().insert(number);
        }
    }
    let several = waiting.into_iter().filter(|(_, plans)| plans.len() > 1);
    let several = several.map(|(id, plans)| PreviewPoint {
        points: vec![id.clone()],
        id,
        plans: plans
            .into_iter()
            .map(|plan| set.plans[plan].name.clone())
            .collect(),
    });
    let named = set.syncs.iter().map(|sync| PreviewPoint {
        id: sync.name.clone(),
        plans: sync.points.iter().map(|point| point.plan.clone()).collect(),
        points: sync.points.iter().map(ToString::to_string).collect(),
    });
    named.chain(several).collect()
}

/// Points that a person has to approve and has not approved yet.
pub fn gates(set: &PlanSet, scheduler: &Scheduler) -> Vec<String> {
    let gates = set.plans.iter().flat_map(|plan| {
        let approved = &scheduler.state().plan(&plan.name).approved;
        let open = plan
            .approvals()
            .into_iter()
            .filter(|point| !approved.contains(point));
        open.map(|point| WorkRef::at(&plan.name, point))
    });
    gates.map(|gate| gate.to_string()).collect()
}

/// Plans whose finished work a person has to review before it lands.
pub fn reviews(set: &PlanSet) -> Vec<PlanName> {
    let reviewed = set.plans.iter().filter(|plan| plan.review);
    reviewed.map(|plan| plan.name.clone()).collect()
}
