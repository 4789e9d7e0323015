//! An attempt that has ended.

use crate::plan::{AttemptId, CommitId, ItemId, PlanName};
use crate::schedule::WorkPlace;

/// An ended attempt whose results are inspected.
#[derive(Debug, Clone, Copy)]
pub struct EndedAttempt<'a> {
    /// The plan.
    pub plan: &'a PlanName,
    /// The attempt.
    pub attempt: &'a AttemptId,
    /// Where it worked.
    pub place: &'a WorkPlace,
    /// The branch's tip when it started.
    pub since: Option<&'a CommitId>,
    /// Commits on which work was reported done, with the reported items.
    pub reported: &'a [(CommitId, Vec<ItemId>)],
    /// Commits of other plans that the branch may contain.
    pub handed_on: &'a [CommitId],
}
