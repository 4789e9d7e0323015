//! The commits that a plan brought onto the target, for plans without a branch.

use crate::journal::JournalReader;
use crate::plan::{CommitId, PlanName};
use crate::schedule::Event;

use super::error::SupervisorError;
use super::repository_plans::Project;

/// The target's commit before the plan landed, and after; `None` when the plan was not landed by `orch`, or was reverted.
///
/// # Errors
///
/// When the journal or the repository cannot be read.
pub fn landed_range(
    project: &Project,
    plan: &PlanName,
) -> Result<Option<(CommitId, CommitId)>, SupervisorError> {
    let Some(reader) = JournalReader::open(&project.dir)? else {
        return Ok(None);
    };
    let mut found = None;
    for record in reader.after(0, Some(plan.as_str()))? {
        match record.event {
            Event::MergeLanded(landed) if landed.plan == *plan && landed.target == project.target => {
                // A landing whose commits were all there already has brought nothing.
                if let Some(before) = landed.before
                    && !project.repo.is_ancestor(&landed.commit, &before)?
                {
                    found = Some((before, landed.commit));
                }
            }
            Event::MergeReverted(back) if back.plan == *plan && back.target == project.target => found = None,
            _ => {}
        }
    }
    Ok(found)
}
