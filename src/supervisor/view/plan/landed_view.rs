//! The part of a plan that is on the target.

use serde::Serialize;

use crate::plan::{CommitId, PhaseId};
use crate::schedule::{PlanRun, State};

/// The part of a plan that is on the target.
#[derive(Debug, Clone, Serialize)]
pub struct LandedView {
    /// The commit with which it landed.
    pub commit: CommitId,
    /// The last phase that was landed on request; `None` when the whole plan has landed.
    pub up_to: Option<PhaseId>,
    /// Every landed phase, when not the whole plan has landed.
    pub phases: Vec<PhaseId>,
}

impl LandedView {
    /// The landed part according to the journal.
    pub fn of(state: &State, run: &PlanRun) -> Option<Self> {
        let target = &state.run.as_ref()?.target;
        let whole = run.landed.get(target).map(|commit| Self {
            commit: commit.clone(),
            up_to: None,
            phases: Vec::new(),
        });
        whole.or_else(|| {
            let part = run.landed_prefix.get(target)?;
            Some(Self {
                commit: part.commit.clone(),
                up_to: Some(part.prefix.up_to),
                phases: part.prefix.phases.clone(),
            })
        })
    }
}
