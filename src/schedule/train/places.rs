//! The position of each plan in the queue, for display.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::failure_rate::FailureRate;
use super::order::{Batch, Build, BuildId};
use super::queue::Train;
use crate::plan::PlanName;
use crate::schedule::event::at::At;

/// A plan on its way to the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainPlace {
    /// The plan.
    pub plan: PlanName,
    /// True while the target is being moved to a commit with the plan in it.
    pub landing: bool,
    /// The plans on top of which it is merged, in order. Empty for the target alone.
    pub on: Batch,
    /// Its verification, if one is under way.
    pub build: Option<PlaceBuild>,
    /// The red batch that contains it, if there is one.
    pub red: Option<RedBatch>,
    /// True when it does not merge onto plans that have not landed yet, so that it waits for them.
    pub deferred: bool,
}

/// A verification under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceBuild {
    /// The worktree of the train that it uses.
    pub slot: usize,
    /// When it began.
    pub since: At,
}

/// Plans that were red together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedBatch {
    /// The plans. A plan that is red alone is to blame.
    pub batch: Batch,
    /// The output.
    pub why: String,
}

/// The plans of the queue, in the order in which they are to land. `since` has the times when builds began.
pub fn places(train: &Train, rate: &FailureRate, since: &BTreeMap<BuildId, At>) -> Vec<TrainPlace> {
    let order = train.present_order(rate);
    let queued = train.queue.iter().map(|entry| &entry.plan);
    let rest: Batch = queued.filter(|plan| !order.contains(plan)).cloned().collect();
    let all = order.iter().chain(&rest);
    all.map(|plan| {
        let build = build_of(train, plan);
        let batch = build.map_or(&order, |build| &build.batch);
        let on = batch.iter().take_while(|other| *other != plan);
        let red = train.facts.iter().filter(|fact| fact.reds > 0 && fact.has(plan));
        let red = red.min_by_key(|fact| fact.batch.len());
        TrainPlace {
            plan: plan.clone(),
            landing: train.is_landing(plan),
            on: if batch.contains(plan) {
                on.cloned().collect()
            } else {
                Batch::new()
            },
            build: build.and_then(|build| {
                Some(PlaceBuild {
                    slot: build.slot,
                    since: *since.get(&build.id)?,
                })
            }),
            red: red.map(|fact| RedBatch {
                batch: fact.batch.clone(),
                why: fact.why.clone(),
            }),
            deferred: train.deferred.contains(plan),
        }
    })
    .collect()
}

/// The verification that says most about a plan: if possible on the present target tip, and of the shortest batch that contains
/// the plan.
fn build_of<'a>(train: &'a Train, plan: &PlanName) -> Option<&'a Build> {
    let counts = |build: &&Build| build.batch.contains(plan) && !train.void.contains(&build.id);
    let builds = train.running.values().filter(counts);
    builds.min_by_key(|build| (build.target_tip != train.target_tip, build.batch.len()))
}
