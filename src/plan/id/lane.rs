//! The worktrees of a plan.

use std::fmt;

use crate::plan::PlanName;

/// One of a plan's worktrees: 0 is the plan's own, the others are lanes beside it. Shown as `auth` and `auth@1`. The git floor
/// knows the worktrees by the same names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LaneId {
    /// The plan.
    pub plan: PlanName,
    /// Its number.
    pub lane: u32,
}

impl LaneId {
    /// The plan's own worktree.
    pub fn own(plan: &PlanName) -> Self {
        Self::new(plan, 0)
    }

    /// The worktree with this number.
    pub fn new(plan: &PlanName, lane: u32) -> Self {
        Self {
            plan: plan.clone(),
            lane,
        }
    }
}

impl fmt::Display for LaneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lane {
            0 => f.pad(self.plan.as_str()),
            lane => f.pad(&format!("{}@{lane}", self.plan)),
        }
    }
}
