//! Effects that were requested and are not yet answered.

use crate::plan::{AttemptId, PhaseId, PlanName, Point};
use crate::schedule::event::at::At;
use crate::schedule::train::BuildId;

/// An effect that was requested and is not yet answered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::schedule) enum Ask {
    Worktree(PlanName, u32),
    Launch(AttemptId),
    Stop(AttemptId, bool),
    Look(AttemptId),
    Check(AttemptId),
    Integrate(AttemptId),
    Verify(PlanName),
    StopVerification(PlanName),
    VerifyPhase(PlanName, PhaseId),
    StopPhaseCheck(PlanName, PhaseId),
    Pin(PlanName, Point),
    Try(BuildId),
    StopBuild(BuildId),
    Union(BuildId),
    StopUnion(BuildId),
    Land,
    Resolve(AttemptId),
    Wake(At),
    Person,
    End,
}
