//! The context of a reason.

use std::fmt;

use crate::plan::PlanName;
use crate::schedule::{RunPhase, State};

/// The context that the wording of a reason depends on.
pub(super) struct About<'a> {
    pub(super) plan: &'a PlanName,
    pub(super) phase: RunPhase,
}

impl<'a> About<'a> {
    pub(super) fn of(plan: &'a PlanName, state: &State) -> Self {
        let phase = state.phase;
        Self { plan, phase }
    }

    /// The command that tries the plan again.
    pub(super) fn retry(&self) -> String {
        format!("orch retry {}", self.plan)
    }

    /// The command that tries something again. Another `orch up` is refused while one is running.
    pub(super) fn again(&self, what: impl fmt::Display) -> String {
        match self.phase {
            RunPhase::Driving | RunPhase::Stopping { .. } => format!("orch retry {what}"),
            // A continued run does not retry its own failures by itself.
            RunPhase::Stopped { resume: true } => format!("orch retry {what} && orch up"),
            RunPhase::Idle | RunPhase::Stopped { .. } | RunPhase::Settled => "orch up".to_owned(),
        }
    }
}
