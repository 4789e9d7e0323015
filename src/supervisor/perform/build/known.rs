//! The knowledge, besides the repository, that merges are built with.

use std::collections::BTreeMap;

use crate::plan::{CommitId, PlanName};
use crate::schedule::{Prefix, Scheduler, handed_on};

/// The scheduler's knowledge that matters for building merges.
#[derive(Debug, Clone, Default)]
pub struct KnownPlans {
    /// Landed plans, with the commits by which they landed.
    pub landed: BTreeMap<PlanName, CommitId>,
    /// Plans of which only first phases are merged, with those phases.
    pub parts: BTreeMap<PlanName, Prefix>,
    /// The tips of plans' branches when their last work was merged into them.
    pub made: BTreeMap<PlanName, CommitId>,
    /// The tips of the branches of plans that had landed and were reverted.
    pub taken_back: BTreeMap<PlanName, CommitId>,
    /// Plans that land only after a review, with the reviewed commit.
    pub reviewed: BTreeMap<PlanName, Option<CommitId>>,
    /// The commits of other plans that a plan may contain, with all their ancestors.
    pub handed_on: BTreeMap<PlanName, Vec<CommitId>>,
}

impl KnownPlans {
    /// The knowledge about plans on a target, and plans to land there.
    pub fn of(scheduler: &Scheduler, target: &str) -> Self {
        let (work, state) = (scheduler.work(), scheduler.state());
        let landed = state
            .plans()
            .filter_map(|(name, run)| Some((name.clone(), run.commits_on(target).next()?.clone())));
        let parts = state
            .plans()
            .filter_map(|(name, run)| Some((name.clone(), run.merge_prefix.clone()?)));
        let made = state.plans();
        let taken_back = state.plans().filter_map(|(name, run)| {
            let before = run.before_back.get(target)?;
            Some((name.clone(), before.head.clone()?))
        });
        Self {
            taken_back: taken_back.collect(),
            made: made
                .filter_map(|(name, run)| Some((name.clone(), run.made.clone()?)))
                .collect(),
            reviewed: work
                .plans
                .iter()
                .filter(|plan| plan.review)
                .map(|plan| (plan.name.clone(), state.plan(&plan.name).review.approved.clone()))
                .collect(),
            landed: landed.collect(),
            parts: parts.collect(),
            handed_on: work
                .plans
                .iter()
                .map(|plan| (plan.name.clone(), handed_on(plan, state)))
                .collect(),
        }
    }
}
