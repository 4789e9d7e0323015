//! What merges are built by, besides the repository.

use std::collections::BTreeMap;

use crate::plan::{CommitId, PlanName};
use crate::schedule::Prefix;

/// What the scheduler knows of plans that matters for building their merges.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// What is on the target, with the commits by which it came there.
    pub landed: BTreeMap<PlanName, CommitId>,
    /// Plans of which only first phases are merged, with those.
    pub parts: BTreeMap<PlanName, Prefix>,
    /// Where the branches of plans stood when their last work came to them.
    pub made: BTreeMap<PlanName, CommitId>,
    /// Where the branches of plans stood that had landed and were taken back.
    pub taken_back: BTreeMap<PlanName, CommitId>,
    /// The commits of other plans that a plan may hold, with all that lies in their history.
    pub handed_on: BTreeMap<PlanName, Vec<CommitId>>,
}
