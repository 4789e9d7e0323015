//! Verdicts on batches.

use std::collections::BTreeSet;

use super::order::{Batch, BuildId};
use crate::plan::PlanName;

/// The verdicts on one tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fact {
    /// The first build of that tree.
    pub build: BuildId,
    /// The target tip on which the batch stands. It is older than the present tip when the target moved on by another way.
    pub target_tip: u64,
    /// The plans that have not landed yet, in order.
    pub batch: Batch,
    /// The number of red runs.
    pub reds: u32,
    /// True when the last run was green.
    pub green: bool,
    /// True when the last verdict came from a run, and not from the target containing the whole batch already.
    pub proof: bool,
    /// The output of the last red run.
    pub why: String,
}

impl Fact {
    /// True when the batch contains the plan, which then has not landed.
    pub fn has(&self, plan: &PlanName) -> bool {
        self.batch.contains(plan)
    }

    /// True when the verdict was red and the given batch contains all of this one: the given batch is then as red.
    pub fn dooms(&self, batch: &[PlanName]) -> bool {
        self.reds > 0 && self.batch.iter().all(|plan| batch.contains(plan))
    }

    /// The only plan that can still be to blame, if there is one.
    pub fn suspect(&self) -> Option<&PlanName> {
        match (self.reds > 0, self.batch.as_slice()) {
            (true, [one]) => Some(one),
            _ => None,
        }
    }

    /// Follows the landing of these plans, which moved the target from one tip to another.
    pub fn advance(&mut self, landed: &[PlanName], from: u64, to: u64) {
        advance(&mut self.batch, &mut self.target_tip, landed, from, to);
    }
}

/// Moves a batch that begins with the landed plans to the new target tip. Any other batch keeps its tip, and loses the plans that
/// have landed.
pub(super) fn advance(batch: &mut Batch, target_tip: &mut u64, landed: &[PlanName], from: u64, to: u64) {
    if *target_tip == from && batch.starts_with(landed) {
        batch.drain(..landed.len());
        *target_tip = to;
        return;
    }
    let landed: BTreeSet<&PlanName> = landed.iter().collect();
    batch.retain(|plan| !landed.contains(plan));
}
