//! How many units of one plan are worked on side by side: by its size, raised and lowered by what is seen.

use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::PlanWork;

/// How hard the machine is at work, as last seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Runnable processes for each core, in percent: 100 is a machine that is just busy.
    pub load: u32,
    /// Memory that can be had without swapping, in percent of all.
    pub free_memory: u32,
}

impl Default for Machine {
    /// A machine of which nothing is known holds nothing up and invites nothing.
    fn default() -> Self {
        Self {
            load: 100,
            free_memory: 50,
        }
    }
}

/// Load per core above which a plan takes a lane less, and below which it takes one more; between the two nothing
/// changes.
const BUSY: u32 = 200;
const IDLE: u32 = 50;
/// Free memory, in percent, below which a plan takes one lane only, and above which it may take more.
const SHORT: u32 = 10;
const AMPLE: u32 = 30;
/// Attempts at the end of a plan's history that are looked at for failures.
const RECENT: usize = 6;
/// Lanes above the plan's usual number.
const MORE: usize = 2;

impl Machine {
    /// The number of lanes for a plan: its usual number; one less when the machine is busy, one less when half of its
    /// recent attempts failed, one only when memory is short; up to two more when the machine is idle, memory ample and
    /// nothing failed.
    pub fn lanes(&self, plan: &PlanWork, run: &PlanRun) -> usize {
        if !plan.adaptive {
            return plan.lanes;
        }
        if self.free_memory < SHORT {
            return 1;
        }
        let recent = run.work_attempts().rev().filter(|record| record.ended.is_some());
        let recent: Vec<bool> = recent
            .take(RECENT)
            .map(|record| record.failure.is_some())
            .collect();
        let failed = recent.iter().filter(|failed| **failed).count();
        let troubled = recent.len() > 1 && failed * 2 >= recent.len();
        let less = usize::from(self.load > BUSY) + usize::from(troubled);
        let invited = self.load < IDLE && self.free_memory > AMPLE && failed == 0;
        let more = if invited { MORE } else { 0 };
        (plan.lanes + more).saturating_sub(less).max(1)
    }
}
