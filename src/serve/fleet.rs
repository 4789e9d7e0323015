//! The output of `orch status --json`, arranged for the page of all plans.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::report::span;
use crate::words::{cost, rough};

use super::act::{Offer, offered, settles};
use super::answers::{ReadAttention, ReadPlan, Status};

/// The order of the page: plans that need a person, then running, waiting and finished ones.
const ORDER: [(&str, &str); 11] = [
    ("held", "!"),
    ("failed", "✕"),
    ("running", "▶"),
    ("parked", "…"),
    ("ready", "○"),
    ("blocked", "◌"),
    ("paused", "‖"),
    ("finished", "◉"),
    ("landed", "✓"),
    ("skipped", "»"),
    ("cancelled", "–"),
];

/// A sign for the state of a plan, phase or task, so that states differ without colour.
pub fn sign(state: &str) -> &'static str {
    let plan = ORDER
        .iter()
        .find(|(name, _)| *name == state)
        .map(|(_, sign)| *sign);
    plan.unwrap_or(match state {
        "done" => "✓",
        "pending" => "○",
        "interrupted" => "✕",
        _ => "·",
    })
}

/// The page of all plans.
#[derive(Debug, Serialize)]
pub struct Fleet {
    /// The number of plans in each state that occurs.
    counts: Vec<StateCount>,
    /// How many plans need a person.
    needs: usize,
    /// When everything will be done.
    eta: Option<String>,
    /// The range of that time.
    range: Option<String>,
    /// Money so far, with its currency.
    cost: Option<String>,
    /// Items that need a person.
    attention: Vec<Need>,
    /// Running plans, then waiting ones.
    open: Vec<FleetRow>,
    /// Finished plans.
    over: Vec<FleetRow>,
}

#[derive(Debug, Serialize)]
struct StateCount {
    state: &'static str,
    sign: &'static str,
    plans: usize,
}

/// One thing that needs a person.
#[derive(Debug, Serialize)]
struct Need {
    #[serde(flatten)]
    item: ReadAttention,
    since: Option<Age>,
    holds_up: Option<String>,
    offer: Option<Offer>,
}

/// A plan's row.
#[derive(Debug, Serialize)]
pub struct FleetRow {
    name: String,
    state: String,
    sign: &'static str,
    why: Option<String>,
    since: Option<Age>,
    priority: String,
    /// The number of done tasks.
    done: usize,
    tasks: usize,
    /// The current phase.
    phase: Option<String>,
    agent: Option<String>,
    eta: Option<String>,
    cost: Option<String>,
    offers: Vec<Offer>,
}

/// A moment, and how long ago it was.
#[derive(Debug, Serialize)]
pub struct Age {
    at: String,
    ago: String,
}

impl Age {
    /// The age of `at` at the moment `now`.
    pub fn of(at: Timestamp, now: Timestamp) -> Self {
        let passed = Duration::try_from(now.duration_since(at)).unwrap_or_default();
        Self {
            at: at.to_string(),
            ago: span(passed),
        }
    }
}

/// A duration, rounded for people.
pub fn about(seconds: u64) -> String {
    rough(Duration::from_secs(seconds))
}

impl Fleet {
    /// Arranges a status.
    pub fn of(status: &Status, now: Timestamp) -> Self {
        let needing = |plan: &ReadPlan| {
            status
                .attention
                .iter()
                .any(|item| item.plan.as_ref() == Some(&plan.name))
        };
        let counts = ORDER.iter().map(|(state, sign)| StateCount {
            state,
            sign,
            plans: status
                .plans
                .iter()
                .filter(|plan| plan.state == *state && !needing(plan))
                .count(),
        });
        let place = |row: &FleetRow| ORDER.iter().position(|(state, _)| *state == row.state);
        let mut rows: Vec<FleetRow> = status.plans.iter().map(|plan| FleetRow::of(plan, now)).collect();
        rows.sort_by_key(place);
        let (open, over) = rows
            .into_iter()
            .partition(|row| !matches!(row.state.as_str(), "landed" | "skipped" | "cancelled"));
        Self {
            counts: counts.filter(|count| count.plans > 0).collect(),
            needs: status.plans.iter().filter(|plan| needing(plan)).count(),
            eta: status.eta_s.map(about),
            range: status
                .eta_range_s
                .map(|(from, to)| (about(from), about(to)))
                .filter(|(from, to)| from != to)
                .map(|(from, to)| format!("{from} to {to}")),
            cost: status.cost.map(|amount| cost(amount, status.spent.currency)),
            attention: status.attention.iter().map(|item| Need::of(item, now)).collect(),
            open,
            over,
        }
    }
}

impl Need {
    fn of(item: &ReadAttention, now: Timestamp) -> Self {
        Self {
            since: item.since.map(|at| Age::of(at, now)),
            holds_up: (item.holds_up_s > 0).then(|| about(item.holds_up_s)),
            offer: item.command.as_deref().and_then(settles),
            item: item.clone(),
        }
    }
}

impl FleetRow {
    /// The row of a plan.
    pub fn of(plan: &ReadPlan, now: Timestamp) -> Self {
        let tasks = plan.phases.iter().flat_map(|phase| &phase.tasks);
        let done = tasks.clone().filter(|task| task.state == "done").count();
        let at_work = plan.phases.iter().find(|phase| phase.state == "running");
        let attempt = plan.attempts.last();
        Self {
            name: plan.name.clone(),
            state: plan.state.clone(),
            sign: sign(&plan.state),
            why: plan.why.first().cloned(),
            since: plan.since.map(|at| Age::of(at, now)),
            priority: plan.priority.clone(),
            done,
            tasks: tasks.count(),
            phase: at_work.map(|phase| format!("{} {}", phase.id, phase.title)),
            agent: attempt.map(|attempt| attempt.agent.clone()),
            eta: plan.eta_s.map(about),
            cost: plan.cost.map(|amount| cost(amount, plan.spent.currency)),
            offers: offered(plan),
        }
    }
}
