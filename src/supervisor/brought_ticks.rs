//! Boxes of documents that came ticked with a landing: an agent has ticked them on its branch, and no person.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::Journal;
use crate::plan::markdown::read_document;
use crate::plan::{CommitId, ItemId, PlanName};
use crate::schedule::{Event, Scheduler};

use super::{Campaign, SupervisorError, committed_document};

/// Those of the boxes ticked since the documents were looked at last which landings have brought, by plan.
///
/// # Errors
///
/// When the journal cannot be read.
pub(super) fn brought_ticks(
    campaign: &Campaign,
    scheduler: &Scheduler,
    journal: &Journal,
) -> Result<BTreeMap<PlanName, BTreeSet<ItemId>>, SupervisorError> {
    let mut brought = scheduler.new_ticks();
    if brought.is_empty() {
        return Ok(brought);
    }
    let mut landings: Vec<(CommitId, CommitId)> = Vec::new();
    for record in journal.read_all()? {
        if let Event::MergeLanded(landed) = record.event
            && let Some(before) = landed.before
        {
            landings.push((before, landed.commit));
        }
    }
    let top = campaign.repo.here().to_owned();
    for (plan, new) in &mut brought {
        let file = campaign.plan(plan).and_then(|plan| plan.file.as_deref());
        let document = committed_document(campaign, file, &top);
        let Some(inside) = document.as_ref().and_then(|file| file.strip_prefix(&top).ok()) else {
            new.clear();
            continue;
        };
        let text = |commit: &CommitId| campaign.repo.text_at(commit, inside).unwrap_or_default();
        let mut came = BTreeSet::new();
        for (before, after) in &landings {
            let (before, after) = (text(before), text(after));
            // Few landings touch the document, and reading it costs more than fetching it.
            if before != after {
                came.extend(ticked(&after).difference(&ticked(&before)).cloned());
            }
        }
        new.retain(|item| came.contains(item));
    }
    brought.retain(|_, items| !items.is_empty());
    Ok(brought)
}

/// The boxes that a document has ticked.
fn ticked(text: &str) -> BTreeSet<ItemId> {
    let (document, _) = read_document(text);
    let ticked = document.items().filter(|(_, ticked)| *ticked);
    ticked.map(|(item, _)| item).collect()
}
