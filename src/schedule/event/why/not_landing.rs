//! Why a plan, or its first phases, does not land.

use serde::{Deserialize, Serialize};

use crate::plan::{PhaseId, PlanName};

/// Why a plan does not land, or not up to a phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotLanding {
    /// The plan has no such phase.
    NoSuchPhase(PlanName, PhaseId),
    /// The plan lands as a whole, after a review.
    LandsWhole,
    /// The plan's `merge_strategy` lands other commits than its own.
    OtherCommits(PlanName, PhaseId),
    /// These phases are not done.
    NotDone(Vec<PhaseId>),
    /// The commit that ends the phase could not be pinned, and why.
    NotPinned(PhaseId, String),
    /// No supervisor was there to note the commit that ends the phase.
    NotNoted(PhaseId),
    /// The contents of the commit that ends the phase are unknown.
    NotKnown(PhaseId),
    /// This number of files was uncommitted when the phase was done.
    Uncommitted(PhaseId, u32),
    /// The commit that ends the phase may contain a part of these unfinished phases.
    HoldsPartOf(PhaseId, Vec<PhaseId>),
    /// The commit that ends the phase contains the whole plan.
    HoldsAll(PhaseId, PlanName),
    /// A person asked to stop the run before the plan's turn came.
    BeforeItsTurn,
    /// A person paused the plan.
    Paused(PlanName),
    /// The verification of the candidate was stopped.
    VerificationStopped,
    /// Somebody else moved the target this often.
    TargetMoved(u32),
}
