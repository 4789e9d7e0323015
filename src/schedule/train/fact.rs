//! Verdicts on batches.

use std::collections::BTreeSet;

use super::order::{Batch, BuildId};
use crate::plan::PlanName;

/// The verdicts on one tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fact {
    /// The first build of that tree.
    pub build: BuildId,
    /// The target tip on which the rest of it stands; an earlier one than the present when the target moved on by another way.
    pub target_tip: u64,
    /// The plans that have not landed yet, in order.
    pub batch: Batch,
    /// Runs that were red.
    pub reds: u32,
    /// True when the last run was green.
    pub green: bool,
    /// True when that was a run, and not that the target has all of it already.
    pub proof: bool,
    /// The output of the last red run.
    pub why: String,
}

impl Fact {
    /// True when a plan is in it that has not landed.
    pub fn has(&self, plan: &PlanName) -> bool {
        self.batch.contains(plan)
    }

    /// True when the verdict was bad and all of it is in this batch: that one is then as bad.
    pub fn dooms(&self, batch: &[PlanName]) -> bool {
        self.reds > 0 && self.batch.iter().all(|plan| batch.contains(plan))
    }

    /// The one plan that can still be to blame.
    pub fn suspect(&self) -> Option<&PlanName> {
        match (self.reds > 0, self.batch.as_slice()) {
            (true, [one]) => Some(one),
            _ => None,
        }
    }

    /// Takes in that plans have landed and the target is another target tip now.
    pub fn advance(&mut self, landed: &[PlanName], from: u64, to: u64) {
        advance(&mut self.batch, &mut self.target_tip, landed, from, to);
    }
}

/// A batch that begins with what has landed continues to stand on the new target tip; of any other only what is left is kept.
pub(super) fn advance(batch: &mut Batch, target_tip: &mut u64, landed: &[PlanName], from: u64, to: u64) {
    if *target_tip == from && batch.starts_with(landed) {
        batch.drain(..landed.len());
        *target_tip = to;
        return;
    }
    let landed: BTreeSet<&PlanName> = landed.iter().collect();
    batch.retain(|plan| !landed.contains(plan));
}
