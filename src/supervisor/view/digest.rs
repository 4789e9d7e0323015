//! The data of `orch digest`: the changes since somebody last looked.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::attention::AttentionView;
use super::situation::Situation;
use super::status::Depth;
use crate::journal::{JournalReader, Record, SCHEMA};
use crate::plan::{CommitId, Currency, PlanName, PlanState};
use crate::schedule::{Event, Landed, State};
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::repository_plans::Project;

/// The answer of `orch digest --json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Digest {
    /// Version of the document.
    pub schema: u32,
    /// The beginning of the covered time; `None` before the first run.
    pub since: Option<Timestamp>,
    /// The end of the covered time: now.
    pub until: Timestamp,
    /// The last journal entry that the digest covers.
    pub seq: i64,
    /// Plans that have landed in this time, in order, and are still on the target.
    pub landed: Vec<LandedSince>,
    /// Plans that have failed in this time and are still failed.
    pub failed: Vec<FailedSince>,
    /// Everything that needs a person, whenever it began.
    pub attention: Vec<AttentionView>,
    /// Plans that continue by themselves, the soonest done first.
    pub next: Vec<NextPlan>,
    /// True while a supervisor is at work on them.
    #[serde(skip)]
    pub driven: bool,
    /// Money that was spent in this time; `None` when nobody reported costs.
    pub cost: Option<f64>,
    /// The currency of the cost.
    pub currency: Currency,
}

/// A plan that has landed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LandedSince {
    /// The plan.
    pub plan: PlanName,
    /// When.
    pub at: Timestamp,
    /// The commit with which it landed.
    pub commit: CommitId,
    /// The target.
    pub target: String,
}

/// A plan that has failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedSince {
    /// The plan.
    pub plan: PlanName,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: Vec<String>,
}

/// A plan that continues without a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NextPlan {
    /// The plan.
    pub plan: PlanName,
    /// Its state.
    pub state: PlanState,
    /// Expected seconds until it is done; `None` when unknown.
    pub eta_s: Option<u64>,
    /// What it waits for, or is doing.
    pub why: Vec<String>,
}

/// Where a digest begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestSince {
    /// At the beginning of the run.
    Run,
    /// After this journal entry, which was the last one at this time.
    Entry(i64, Timestamp),
    /// At a moment.
    Moment(Timestamp),
}

impl Digest {
    /// Reads the journal and the repository. Changes nothing.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read.
    pub fn of(project: &Project, since: DigestSince) -> Result<Self, SupervisorError> {
        // An event that is recorded during the reading may be reported twice, but is never missed.
        let until = Timestamp::now();
        let records = match JournalReader::open(&project.dir)? {
            Some(reader) => reader.after(0, None)?,
            None => Vec::new(),
        };
        let situation = Situation::look(project)?;
        let view = situation.view(project, Depth::Table)?;
        let state = situation.scheduler.state();
        let first = match since {
            DigestSince::Run => {
                let run = state.run.as_ref().map(|run| &run.id);
                records.partition_point(|record| Some(&record.run) != run)
            }
            // If the journal was lost since, its numbers start again.
            DigestSince::Entry(seq, _) if records.last().is_some_and(|last| last.seq < seq) => 0,
            DigestSince::Entry(seq, _) => records.partition_point(|record| record.seq <= seq),
            DigestSince::Moment(moment) => records.partition_point(|record| record.wall < moment),
        };
        let (before, new) = records.split_at(first);
        let since = match since {
            DigestSince::Moment(moment) | DigestSince::Entry(_, moment) => Some(moment),
            DigestSince::Run => new.first().map(|record| record.wall),
        };
        let last_seen = before.last().map(|record| record.wall);
        let failed = view.plans.iter().filter(|plan| plan.state == PlanState::Failed);
        let failed = failed.filter_map(|plan| {
            let at = plan.since.filter(|at| Some(*at) > last_seen)?;
            Some(FailedSince {
                plan: plan.name.clone(),
                at,
                why: plan.why.clone(),
            })
        });
        let mut next: Vec<NextPlan> = view
            .plans
            .iter()
            .filter(|plan| plan.eta_s.is_some())
            .map(|plan| NextPlan {
                plan: plan.name.clone(),
                state: plan.state,
                eta_s: plan.eta_s,
                why: plan.why.clone(),
            })
            .collect();
        next.sort_by_key(|plan| plan.eta_s);
        Ok(Self {
            schema: SCHEMA,
            since,
            until,
            seq: records.last().map_or(0, |last| last.seq),
            landed: landed(before, new, state),
            failed: failed.collect(),
            attention: view.attention,
            next,
            driven: situation.driven,
            cost: spent(&records)
                .map(|now| now.saturating_sub(spent(before).unwrap_or_default()) as f64 / 1e6),
            currency: project.set.run.currency,
        })
    }
}

/// Landings in these records that nobody reverted, without those that had been there before.
fn landed(before: &[Record], records: &[Record], state: &State) -> Vec<LandedSince> {
    let landing = |record: &'_ Record| match &record.event {
        Event::MergeLanded(landed) => Some((record.wall, landed.clone())),
        _ => None,
    };
    let key = |landed: &Landed| {
        let up_to = landed.part.as_ref().map(|part| part.up_to);
        (landed.plan.clone(), landed.commit.clone(), up_to)
    };
    let known = before.iter().filter_map(landing).map(|(_, landed)| key(&landed));
    let mut known: BTreeSet<_> = known.collect();
    let landings = records.iter().filter_map(landing);
    let standing = landings
        .filter(|(_, landed)| known.insert(key(landed)))
        .filter(|(_, landed)| {
            let run = state.plan(&landed.plan);
            landed.part.is_some() || run.landed.get(&landed.target) == Some(&landed.commit)
        });
    let told = standing.map(|(at, landed)| LandedSince {
        plan: landed.plan.clone(),
        at,
        commit: landed.commit.clone(),
        target: landed.target.clone(),
    });
    told.collect()
}

/// The cost of all attempts in these records, in millionths; `None` when nobody reported costs. An attempt reports its total
/// since its beginning.
fn spent(records: &[Record]) -> Option<u64> {
    let told = records.iter().filter_map(|record| match &record.event {
        Event::AgentUsage(usage) => Some((&usage.attempt, usage.facts.spent.micros)),
        _ => None,
    });
    let last: BTreeMap<_, _> = told.collect();
    last.into_values().flatten().reduce(u64::saturating_add)
}
