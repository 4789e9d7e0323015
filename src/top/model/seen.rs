//! The data of one look at the fleet, as texts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::plan::{Currency, PlanState};

/// The whole fleet at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// `12 plans: 1 needs you, 3 running`.
    pub counts: String,
    /// ` · done in about 1h · $14.20`.
    pub figures: String,
    /// The state of the run, when it is worth mentioning.
    pub standing: Option<String>,
    /// The target branch.
    pub target: String,
    /// The plans, in manifest order.
    pub plans: Vec<TopRow>,
    /// Items that need a person, the most urgent first.
    pub needs: Vec<NeedRow>,
    /// The currency of costs.
    pub currency: Currency,
}

/// A plan.
#[derive(Debug, Clone, PartialEq)]
pub struct TopRow {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: PlanState,
    /// Its position among the items that need a person.
    pub need: Option<usize>,
    /// True when a person paused it.
    pub paused: bool,
    /// The current phase.
    pub phase: String,
    /// The number of done tasks.
    pub done: usize,
    /// The number of tasks.
    pub all: usize,
    /// Its current or last agent and model.
    pub agent: String,
    /// The last sign of life of its agent, while one is running.
    pub heard: Option<Timestamp>,
    /// The last line of its agent's output; for a plan that does not run, the reason.
    pub said: String,
    /// The numbers of added and removed lines.
    pub lines: Option<(usize, usize)>,
    /// Its branch's tip.
    pub head: Option<String>,
    /// The conflicts of its branch.
    pub conflicts: String,
    /// The points that it waits for.
    pub waits: String,
    /// Expected seconds until it is done.
    pub remaining_s: Option<u64>,
    /// Its cost.
    pub cost: Option<f64>,
    /// Its attempts, oldest first.
    pub attempts: Vec<WorkSpan>,
    /// The open plans that wait for it.
    pub behind: Vec<String>,
}

/// An attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkSpan {
    /// Its id.
    pub id: String,
    /// Its start.
    pub from: Option<Timestamp>,
    /// Its end.
    pub to: Option<Timestamp>,
    /// True when it did not end well.
    pub failed: bool,
}

impl TopRow {
    /// True when it can no longer be cancelled.
    pub fn is_over(&self) -> bool {
        matches!(self.state, PlanState::Landed | PlanState::Cancelled)
    }
}

/// Something that needs a person.
#[derive(Debug, Clone, PartialEq)]
pub struct NeedRow {
    /// The plan concerned.
    pub plan: Option<String>,
    /// Its kind.
    pub kind: &'static str,
    /// Its description.
    pub text: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Expected seconds of the work that waits for it.
    pub holds_up_s: u64,
    /// The command that settles it.
    pub command: Option<String>,
}

/// A plan on its way to the target.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainRow {
    /// The plan.
    pub plan: String,
    /// Its position.
    pub place: u64,
    /// Its state.
    pub state: String,
    /// The plans on which it is built.
    pub on: String,
    /// Seconds since it began.
    pub elapsed_s: Option<u64>,
    /// Expected remaining seconds.
    pub remaining_s: Option<u64>,
    /// The reason.
    pub why: String,
}

/// An entry of the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct HappenedRow {
    /// Its number.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// The plan concerned; empty for none.
    pub plan: String,
    /// Its name.
    pub event: String,
    /// The details.
    pub text: String,
}

impl TopRow {
    /// When work on it began, and when it ended, unless an attempt is running.
    pub fn worked(&self) -> Option<(Timestamp, Option<Timestamp>)> {
        let from = self.attempts.iter().filter_map(|span| span.from).min()?;
        let open = self.attempts.iter().any(|span| span.to.is_none());
        let to = self.attempts.iter().filter_map(|span| span.to).max();
        Some((from, to.filter(|_| !open)))
    }

    /// Seconds since work on it began, or its total duration.
    pub fn elapsed_s(&self, now: Timestamp) -> Option<u64> {
        let (from, to) = self.worked()?;
        Some(seconds(from, to.unwrap_or(now)))
    }

    /// True when a search finds it. A search in lower case ignores case.
    pub fn has(&self, what: &str) -> bool {
        [&self.name, &self.said, &self.agent, &self.waits, &self.phase]
            .iter()
            .any(|text| found(text, what))
            || found(self.state.as_str(), what)
    }
}

/// Whole seconds from one moment to another.
pub(in crate::top) fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_secs()).unwrap_or(0)
}

/// True when the text contains this. Lower case matches upper case too.
pub(in crate::top) fn found(text: &str, what: &str) -> bool {
    if what.is_empty() {
        return false;
    }
    match what.chars().any(char::is_uppercase) {
        true => text.contains(what),
        false => text.to_lowercase().contains(what),
    }
}

impl Seen {
    /// The plan of this name.
    pub fn plan(&self, name: &str) -> Option<&TopRow> {
        self.plans.iter().find(|row| row.name == name)
    }

    /// The open plans that are skipped when these are cancelled, in manifest order: their dependents, direct and indirect.
    pub fn behind(&self, plans: &[String]) -> Vec<&str> {
        let rows: BTreeMap<&str, &TopRow> = self.plans.iter().map(|row| (row.name.as_str(), row)).collect();
        let mut open: Vec<&str> = plans.iter().map(String::as_str).collect();
        let mut skipped: BTreeSet<&str> = BTreeSet::new();
        while let Some(name) = open.pop() {
            let behind = rows.get(name).into_iter().flat_map(|row| &row.behind);
            open.extend(behind.map(String::as_str).filter(|name| skipped.insert(name)));
        }
        let names = self.plans.iter().map(|row| row.name.as_str());
        names
            .filter(|name| skipped.contains(name) && !plans.iter().any(|plan| plan == name))
            .collect()
    }
}
