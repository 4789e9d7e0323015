//! Boxes of documents that came ticked with a landing: an agent has ticked them on its branch, and no person.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::Journal;
use crate::plan::{Document, ItemId, PlanName};
use crate::schedule::Scheduler;

use super::changed_documents::{changed_by, landings};
use crate::supervisor::project::campaign::Campaign;
use crate::supervisor::project::error::SupervisorError;

/// Those of the boxes ticked since the documents were looked at last which landings have brought, by plan.
///
/// # Errors
///
/// When the journal cannot be read.
pub fn brought_ticks(
    campaign: &Campaign,
    scheduler: &Scheduler,
    journal: &Journal,
) -> Result<BTreeMap<PlanName, BTreeSet<ItemId>>, SupervisorError> {
    let mut brought = scheduler.new_ticks();
    if brought.is_empty() {
        return Ok(brought);
    }
    let landings = landings(journal.read_all()?);
    for (plan, new) in &mut brought {
        let mut came = BTreeSet::new();
        for (_, before, after) in changed_by(campaign, plan, &landings) {
            came.extend(ticked(&after).difference(&ticked(&before)).cloned());
        }
        new.retain(|item| came.contains(item));
    }
    brought.retain(|_, items| !items.is_empty());
    Ok(brought)
}

/// The boxes that a document has ticked.
fn ticked(document: &Document) -> BTreeSet<ItemId> {
    let ticked = document.items().filter(|(_, ticked)| *ticked);
    ticked.map(|(item, _)| item).collect()
}
