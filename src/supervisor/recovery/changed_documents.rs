//! What landings did to the documents of other plans. An agent may edit every file of the repository; what is to be done, and what
//! counts as done, is not for it to say.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::Record;
use crate::plan::markdown::read_document;
use crate::plan::{CommitId, Document, ItemId, PhaseId, PlanName, PlanSet, is_same_title};
use crate::schedule::{Event, Hold, Scheduler};

use crate::supervisor::project::campaign::{Campaign, committed_document};
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::taken::plans_before;

/// A landing, and where the target stood before it.
#[derive(Debug)]
pub struct LandedChange {
    /// The plan that landed.
    pub by: PlanName,
    /// Where the target stood.
    pub before: CommitId,
    /// What landed.
    pub commit: CommitId,
}

/// All landings that the journal tells of, oldest first.
pub fn landings(records: Vec<Record>) -> Vec<LandedChange> {
    let landed = records.into_iter().filter_map(|record| match record.event {
        Event::MergeLanded(landed) => Some(LandedChange {
            by: landed.plan,
            before: landed.before?,
            commit: landed.commit,
        }),
        _ => None,
    });
    landed.collect()
}

/// A plan's document before and after each of these landings that changed it.
pub fn changed_by<'a>(
    campaign: &Campaign,
    plan: &PlanName,
    landings: &'a [LandedChange],
) -> Vec<(&'a LandedChange, Document, Document)> {
    let top = campaign.repo.here().to_owned();
    let file = campaign.plan(plan).and_then(|plan| plan.file.as_deref());
    let document = committed_document(campaign, file, &top);
    let Some(inside) = document.as_ref().and_then(|file| file.strip_prefix(&top).ok()) else {
        return Vec::new();
    };
    let text = |commit: &CommitId| campaign.repo.text_at(commit, inside).unwrap_or_default();
    let changed = landings.iter().filter_map(|landed| {
        let (before, after) = (text(&landed.before), text(&landed.commit));
        // Few landings touch the document, and reading it costs more than fetching it.
        let differ = before != after;
        differ.then(|| (landed, read_document(&before).0, read_document(&after).0))
    });
    changed.collect()
}

/// What the documents say that they did not say when the last run read them: work that was added to what was done, and plans to be
/// held because of what landings took away. `records` is asked for only where a document has lost something.
///
/// # Errors
///
/// When the journal cannot be read.
pub fn found(
    campaign: &Campaign,
    scheduler: &Scheduler,
    records: &dyn Fn() -> Result<Vec<Record>, SupervisorError>,
) -> Result<Vec<Event>, SupervisorError> {
    let before = plans_before(campaign);
    let document = |plan: &PlanName| before.as_ref()?.plan(plan).map(|plan| &*plan.document);
    let mut found = scheduler.added(&document);
    if let Some(before) = &before {
        found.extend(taken_away(campaign, scheduler, (before, &campaign.set), records)?);
    }
    Ok(found)
}

/// Holds plans from whose documents landings have taken open work, or in which they have unticked boxes, between two looks.
/// `records` is asked for only where a document has lost something.
///
/// # Errors
///
/// When the journal cannot be read.
pub fn taken_away(
    campaign: &Campaign,
    scheduler: &Scheduler,
    (before, now): (&PlanSet, &PlanSet),
    records: &dyn Fn() -> Result<Vec<Record>, SupervisorError>,
) -> Result<Vec<Event>, SupervisorError> {
    let mut lost: BTreeMap<&PlanName, BTreeSet<ItemId>> = BTreeMap::new();
    for plan in &now.plans {
        let run = scheduler.state().plan(&plan.name);
        let known = before.plan(&plan.name).map(|known| &known.document);
        let Some(known) = known.filter(|known| run.landed.is_empty() && **known != plan.document) else {
            continue;
        };
        let done = |item: &ItemId| run.is_item_settled(item) || run.is_item_settled(&item.task.into());
        let open = |item: &ItemId| match known.items().any(|known| known == (item.clone(), true)) {
            true => !run.heard.contains_key(item),
            false => !done(item),
        };
        let gone: BTreeSet<ItemId> = losses(known, &plan.document).into_iter().filter(open).collect();
        if !gone.is_empty() {
            lost.insert(&plan.name, gone);
        }
    }
    if lost.is_empty() {
        return Ok(Vec::new());
    }
    let mut records = records()?;
    // What is older than the last run was there when the documents were read.
    let begun = |record: &Record| {
        matches!(
            &record.event,
            Event::RunStarted {
                merge_only: false,
                ..
            }
        )
    };
    records.drain(..records.iter().rposition(begun).unwrap_or(0));
    let held = lost.into_iter().filter_map(|(plan, lost)| {
        let accepts =
            |record: &Record| matches!(&record.event, Event::RetryRequested(asked) if asked.plan == *plan);
        let since = records.iter().rposition(accepts).map_or(0, |last| last + 1);
        let landings = landings(records[since..].to_vec());
        let changes = changed_by(campaign, plan, &landings);
        changes.into_iter().find_map(|(landed, before, after)| {
            let items: Vec<ItemId> = losses(&before, &after).intersection(&lost).cloned().collect();
            let why = Hold::TakenAway {
                by: landed.by.clone(),
                commit: landed.commit.clone(),
                items: items.clone(),
            };
            let plan = plan.clone();
            (!items.is_empty()).then_some(Event::PlanHeld { plan, why })
        })
    });
    Ok(held.collect())
}

/// Open items that a document has lost, and boxes that are not ticked any more.
fn losses(before: &Document, after: &Document) -> BTreeSet<ItemId> {
    let now: BTreeMap<ItemId, bool> = after.items().collect();
    let checks = |document: &Document, phase: PhaseId| {
        let block = document.phase(phase).and_then(|phase| phase.verify.as_ref());
        block.map(|block| block.checks.clone()).unwrap_or_default()
    };
    let same = |item: &ItemId| match (before.title_of(item), after.title_of(item)) {
        // More to check is no loss.
        (Some(_), Some(_)) if item.task.is_verify() => {
            let now = checks(after, item.task.phase);
            let stays = |check: &String| now.iter().any(|now| is_same_title(check, now));
            checks(before, item.task.phase).iter().all(stays)
        }
        (Some(before), Some(after)) => is_same_title(&before, &after),
        (None, _) | (_, None) => false,
    };
    let lost = before.items().filter(|(item, ticked)| match now.get(item) {
        None => !ticked,
        Some(still) => (*ticked && !still) || (!ticked && !same(item)),
    });
    lost.map(|(item, _)| item).collect()
}
