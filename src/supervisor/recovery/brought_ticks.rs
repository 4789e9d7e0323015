//! Boxes of documents that a landing ticked: an agent ticked them on its branch, not a person.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::Journal;
use crate::plan::{Document, ItemId, PlanName, PlanSet};
use crate::schedule::Scheduler;

use super::brought::brought;
use super::past::Past;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::repository_plans::Project;

/// The boxes, by plan, that were ticked by landings since the documents were last read.
///
/// # Errors
///
/// When the journal cannot be read.
pub fn brought_ticks(
    project: &Project,
    scheduler: &Scheduler,
    journal: &Journal,
) -> Result<BTreeMap<PlanName, BTreeSet<ItemId>>, SupervisorError> {
    let mut ticks = scheduler.new_ticks();
    if ticks.is_empty() {
        return Ok(ticks);
    }
    let (past, brought) = (
        Past::of(project),
        brought(project, scheduler, &journal.read_all()?)?,
    );
    for (plan, new) in &mut ticks {
        let mut came = BTreeSet::new();
        for (_, before, after) in past.changed_by(plan, &brought) {
            let of = |set: &PlanSet| set.plan(plan).map(|plan| ticked(&plan.document));
            if let (Some(before), Some(after)) = (of(&before), of(&after)) {
                came.extend(after.difference(&before).cloned());
            }
        }
        new.retain(|item| came.contains(item));
    }
    ticks.retain(|_, items| !items.is_empty());
    Ok(ticks)
}

/// The ticked boxes of a document.
fn ticked(document: &Document) -> BTreeSet<ItemId> {
    let ticked = document.items().filter(|(_, ticked)| *ticked);
    ticked.map(|(item, _)| item).collect()
}
