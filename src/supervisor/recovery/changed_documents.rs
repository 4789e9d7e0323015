//! What landings did to manifest and documents. An agent may edit every file of the repository; what is to be done, and what
//! counts as done, is not for it to say.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::journal::Record;
use crate::plan::manifest::{Content, DocumentSource, parse_manifest, resolve};
use crate::plan::{CommitId, Document, ItemId, PhaseId, PlanName, PlanSet, is_same_title, loosened};
use crate::schedule::{Event, Hold, Scheduler};

use crate::supervisor::project::campaign::Campaign;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::load::MANIFEST;
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

/// A plan's document before and after each of these landings that changed it, wherever the manifest said that it lies.
pub fn changed_by<'a>(
    campaign: &Campaign,
    plan: &PlanName,
    landings: &'a [LandedChange],
) -> Vec<(&'a LandedChange, Arc<Document>, Arc<Document>)> {
    let written = written_by(campaign, plan, landings).into_iter();
    let changed = written.filter_map(|(landed, before, after)| {
        let document = |set: &PlanSet| set.plan(plan).map(|plan| Arc::clone(&plan.document));
        let (before, after) = (document(&before)?, document(&after)?);
        (before != after).then_some((landed, before, after))
    });
    changed.collect()
}

/// What manifest and document said of a plan before and after each of these landings that changed one of them. Where that
/// cannot be used, what could be used last counts.
fn written_by<'a>(
    campaign: &Campaign,
    plan: &PlanName,
    landings: &'a [LandedChange],
) -> Vec<(&'a LandedChange, PlanSet, PlanSet)> {
    let mut last: Option<PlanSet> = None;
    let mut written = Vec::new();
    for landed in landings {
        let (before, after) = (
            Texts::at(campaign, plan, &landed.before),
            Texts::at(campaign, plan, &landed.commit),
        );
        // Few landings touch them, and reading them costs more than fetching them.
        if before == after {
            continue;
        }
        last = before.read(campaign, plan).or(last);
        let now = after.read(campaign, plan);
        if let (Some(before), Some(after)) = (&last, &now) {
            written.push((landed, before.clone(), after.clone()));
        }
        last = now.or(last);
    }
    written
}

/// What a commit says of one plan.
#[derive(PartialEq)]
struct Texts {
    manifest: Option<String>,
    /// Its document.
    document: Option<String>,
}

impl Texts {
    fn at(campaign: &Campaign, plan: &PlanName, commit: &CommitId) -> Self {
        let top = campaign.repo.here();
        let text = |file: &Path| campaign.repo.text_at(commit, file.strip_prefix(top).ok()?);
        let manifest = text(&campaign.manifest);
        let parsed = manifest
            .as_deref()
            .map(|text| parse_manifest(Path::new(MANIFEST), text));
        let named = parsed.as_ref().map(|parsed| {
            let mut documents = parsed.documents();
            documents
                .find(|request| request.plan == *plan)
                .map(|request| request.file.to_owned())
        });
        // A manifest that is in no commit is the lead's.
        let file = named.unwrap_or_else(|| campaign.plan(plan)?.file.clone());
        let document = file.and_then(|file| text(&campaign.manifest.parent()?.join(file)));
        Self { manifest, document }
    }

    /// The plans as they were, with the documents of others as they are now.
    fn read(&self, campaign: &Campaign, plan: &PlanName) -> Option<PlanSet> {
        let now = |plan: &PlanName| Some(campaign.plan(plan)?.document.text.clone());
        let text = match &self.manifest {
            Some(text) => Cow::from(text),
            None => Cow::from(fs::read_to_string(&campaign.manifest).ok()?),
        };
        let parsed = parse_manifest(Path::new(MANIFEST), &text);
        let sources = parsed.documents().filter_map(|request| {
            let own = self.document.clone().filter(|_| request.plan == *plan);
            let source = DocumentSource {
                display: request.file.to_owned(),
                content: Ok(Content::Bytes(own.or_else(|| now(&request.plan))?.into_bytes())),
            };
            Some((request.plan.clone(), source))
        });
        let sources = sources.collect();
        resolve(parsed, sources).ok()
    }
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

/// Holds plans from whose documents landings have taken open work, or in which they have unticked boxes, between two looks, and
/// those of which they demand less. `records` is asked for only where something was lost.
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
    let mut lost: BTreeMap<&PlanName, (BTreeSet<ItemId>, BTreeSet<String>)> = BTreeMap::new();
    for plan in &now.plans {
        let run = scheduler.state().plan(&plan.name);
        let known = before.plan(&plan.name).map(|known| &known.document);
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
    let held = lost.into_iter().filter_map(|(plan, (gone, lost))| {
        let accepts =
            |record: &Record| matches!(&record.event, Event::RetryRequested(asked) if asked.plan == *plan);
        let since = records.iter().rposition(accepts).map_or(0, |last| last + 1);
        let landings = landings(records[since..].to_vec());
        let written = written_by(campaign, plan, &landings);
        written.into_iter().find_map(|(landed, before, after)| {
            let documents = before.plan(plan).zip(after.plan(plan));
            let losses = documents.map(|(before, after)| losses(&before.document, &after.document));
            let items: Vec<ItemId> = losses.unwrap_or_default().intersection(&gone).cloned().collect();
            let keys = loosened(&before, &after, plan);
            let keys: Vec<String> = keys.intersection(&lost).cloned().collect();
            (!items.is_empty() || !keys.is_empty()).then(|| Event::PlanHeld {
                plan: plan.clone(),
                why: Hold::TakenAway {
                    by: landed.by.clone(),
                    commit: landed.commit.clone(),
                    items,
                    keys,
                },
            })
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
