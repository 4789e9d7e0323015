//! The subject of a step: a plan or its first phases, with their state.

use crate::plan::{CommitId, PhaseId, WorkRef};
use crate::schedule::{MergeTrouble, PlanRun, Prefix, Scheduler};
use crate::words::{RefusalText, because};

use serde::{Deserialize, Serialize};

/// The subject of a step, in the current state.
#[derive(Debug, Clone)]
pub struct AboutConflict {
    pub what: WorkRef,
    pub run: PlanRun,
    /// The part of the plan that is merged, when it is not the whole plan.
    part: Result<Option<Prefix>, MergeTrouble>,
}

impl AboutConflict {
    pub fn new(scheduler: &Scheduler, what: &WorkRef) -> Self {
        let part = what
            .point
            .phase()
            .map(|phase| scheduler.first_phases(&what.plan, phase));
        Self {
            what: what.clone(),
            run: scheduler.state().plan(&what.plan).clone(),
            part: part.unwrap_or(Ok(None)),
        }
    }

    pub fn up_to(&self) -> Option<PhaseId> {
        self.what.point.phase()
    }

    /// The last commit of the first phases that are to be merged.
    pub fn end_of_part(&self) -> Result<CommitId, RefusalText> {
        let why = match &self.part {
            Ok(Some(part)) => return Ok(part.head.clone()),
            Ok(None) => "the commit with which its last phase ended is not noted yet".to_owned(),
            Err(MergeTrouble::NotFinished { why } | MergeTrouble::Refused { why }) => because(why),
            Err(other) => format!("{other:?}"),
        };
        let hint = format!("orch why {}", self.what);
        Err(refused(format!("{} cannot land: {why}", self.what), Some(hint)))
    }

    /// Refuses the step while a resolution of another part of the plan is open: there is only one
    /// worktree for resolutions.
    pub fn refuse_another(&self, step: ResolveStep) -> Result<(), RefusalText> {
        let (what, begun) = (&self.what, &self.run.resolution);
        let other = begun.about(&what.plan);
        let Some(path) = begun.path.as_ref().filter(|_| other != *what) else {
            return Ok(());
        };
        let why = format!("what is checked out in {path} is the conflict of {other}");
        match step {
            ResolveStep::Open if begun.commit.is_some() => Ok(()),
            ResolveStep::Open => Err(refused(
                why,
                Some(format!(
                    "orch merge --continue {other} lands that, orch merge --abort {other} gives it up; then orch merge --resolve \
                     {what}"
                )),
            )),
            ResolveStep::Continue => Err(refused(why, Some(format!("orch merge --continue {other}")))),
            ResolveStep::Abort => Err(refused(why, Some(format!("orch merge --abort {other}")))),
        }
    }
}

fn refused(why: String, hint: Option<String>) -> RefusalText {
    RefusalText { why, hint }
}

/// A request about a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResolveStep {
    /// Check it out.
    Open,
    /// Take the contents of the worktree as the resolution.
    Continue,
    /// Give the resolution up.
    Abort,
}
