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
        let ticked = |commit: &CommitId| {
            let text = campaign.repo.text_at(commit, inside).unwrap_or_default();
            let (document, _) = read_document(&text);
            let ticked = document.items().filter(|(_, ticked)| *ticked);
            ticked.map(|(item, _)| item).collect::<BTreeSet<ItemId>>()
        };
        let came = landings.iter().flat_map(|(before, after)| {
            let before = ticked(before);
            ticked(after)
                .into_iter()
                .filter(move |item| !before.contains(item))
        });
        let came: BTreeSet<ItemId> = came.collect();
        new.retain(|item| came.contains(item));
    }
    brought.retain(|_, items| !items.is_empty());
    Ok(brought)
}
