//! Changes of landings to manifest and documents. An agent may edit every file of the repository, but must not decide which work
//! exists and which work counts as done.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::Record;
use crate::plan::{
    CommitId, Document, ItemId, PhaseId, PlanName, PlanSet, Point, formerly, is_same_title, loosened,
};
use crate::schedule::{Event, Hold, Scheduler};

use super::brought::brought;
use super::past::Past;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::plans_in_force::plans_before;
use crate::supervisor::project::repository_plans::Project;

/// Events for changed documents since the last run: new work in finished plans, and plans to hold because landings removed
/// something. `records` is called only when a document has lost something.
///
/// # Errors
///
/// When the journal cannot be read.
pub fn found(
    project: &Project,
    scheduler: &Scheduler,
    records: &dyn Fn() -> Result<Vec<Record>, SupervisorError>,
) -> Result<Vec<Event>, SupervisorError> {
    let before = plans_before(project);
    let document = |plan: &PlanName| before.as_ref()?.plan(plan).map(|plan| &*plan.document);
    let mut found = scheduler.added(&document);
    if let Some(before) = &before {
        found.extend(taken_away(project, scheduler, (before, &project.set), records)?);
    }
    Ok(found)
}

/// Holds the plans whose open work, ticks or requirements a landing has removed since the last check. `records` is called only
/// when something was lost.
///
/// # Errors
///
/// When the journal cannot be read.
pub fn taken_away(
    project: &Project,
    scheduler: &Scheduler,
    (before, now): (&PlanSet, &PlanSet),
    records: &dyn Fn() -> Result<Vec<Record>, SupervisorError>,
) -> Result<Vec<Event>, SupervisorError> {
    let mut lost: BTreeMap<&PlanName, (BTreeSet<ItemId>, BTreeSet<String>)> = BTreeMap::new();
    for plan in &now.plans {
        let run = scheduler.state().plan(&plan.name);
        let known = formerly(before, now, &plan.name).map(|known| &known.document);
        let Some(known) = known.filter(|_| run.landed.is_empty()) else {
            continue;
        };
        let done = |item: &ItemId| run.is_item_settled(item) || run.is_item_settled(&item.task.into());
        let open = |item: &ItemId| match known.items().any(|known| known == (item.clone(), true)) {
            true => !run.heard.contains_key(item),
            false => !done(item),
        };
        let gone: BTreeSet<ItemId> = losses(known, &plan.document).into_iter().filter(open).collect();
        let keys = loosened(before, now, &plan.name);
        if !gone.is_empty() || !keys.is_empty() {
            lost.insert(&plan.name, (gone, keys));
        }
    }
    if lost.is_empty() {
        return Ok(Vec::new());
    }
    let mut records = records()?;
    // Landings before the last run were there already when the documents were read.
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
    let past = Past::of(project);
    let brought = brought(project, scheduler, &records)?;
    let held = lost.into_iter().filter_map(|(plan, (gone, lost))| {
        let accepted = accepted(&records, plan);
        let changed = past.changed_by(plan, &brought).into_iter();
        let mut changed = changed.filter(|(step, ..)| !accepted.contains(&&step.commit));
        changed.find_map(|(step, before, after)| {
            let documents = formerly(&before, &after, plan).zip(after.plan(plan));
            let losses = documents.map(|(before, after)| losses(&before.document, &after.document));
            let items: Vec<ItemId> = losses.unwrap_or_default().intersection(&gone).cloned().collect();
            let keys = loosened(&before, &after, plan);
            let keys: Vec<String> = keys.intersection(&lost).cloned().collect();
            (!items.is_empty() || !keys.is_empty()).then(|| Event::PlanHeld {
                plan: plan.clone(),
                why: Hold::TakenAway {
                    by: step.by.clone(),
                    commit: step.commit.clone(),
                    items,
                    keys,
                },
            })
        })
    });
    Ok(held.collect())
}

/// The commits for which the plan was held and which a person then accepted.
fn accepted<'a>(records: &'a [Record], plan: &PlanName) -> Vec<&'a CommitId> {
    let (mut accepted, mut held) = (Vec::new(), None);
    for record in records {
        match &record.event {
            Event::PlanHeld {
                plan: of,
                why: Hold::TakenAway { commit, .. },
            } if of == plan => held = Some(commit),
            Event::RetryRequested(asked) if asked.plan == *plan && asked.point == Point::Plan => {
                accepted.extend(held.take());
            }
            _ => {}
        }
    }
    accepted
}

/// Open items that are missing from the new document, and boxes that are no longer ticked.
fn losses(before: &Document, after: &Document) -> BTreeSet<ItemId> {
    let now: BTreeMap<ItemId, bool> = after.items().collect();
    let checks = |document: &Document, phase: PhaseId| {
        let block = document.phase(phase).and_then(|phase| phase.verify.as_ref());
        block.map(|block| block.checks.clone()).unwrap_or_default()
    };
    let same = |item: &ItemId| match (before.title_of(item), after.title_of(item)) {
        // Additional checks are no loss.
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
