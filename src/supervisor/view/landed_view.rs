//! How much of a plan is on the target.

use serde::Serialize;

use crate::plan::{CommitId, PhaseId};
use crate::schedule::{PlanRun, State};

/// The part of a plan that is on the target.
#[derive(Debug, Clone, Serialize)]
pub struct LandedView {
    /// The commit with which it landed.
    pub commit: CommitId,
    /// The last phase that was asked for; none when the whole plan has landed.
    pub up_to: Option<PhaseId>,
    /// Every phase that is there, where not the whole plan is.
    pub phases: Vec<PhaseId>,
}

impl LandedView {
    /// As the journal knows it.
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
