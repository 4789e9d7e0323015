//! The output of `orch status --json`, arranged for the page of all plans.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::plan::Currency;
use crate::report::span;
use crate::words::{cost, rough};

use super::act::{Offer, offered, settles};

/// The fields of `orch status --json` that pages show.
#[derive(Debug, Clone, Deserialize)]
pub struct Status {
    /// The run.
    pub run: Option<String>,
    /// The state of the run.
    pub state: String,
    /// The target.
    pub target: Target,
    /// Items that need a person.
    pub attention: Vec<ReadAttention>,
    /// Expected seconds until everything is done.
    pub eta_s: Option<u64>,
    /// The range of `eta_s`.
    pub eta_range_s: Option<(u64, u64)>,
    /// Money so far.
    pub cost: Option<f64>,
    /// The usage.
    pub spent: ReadSpent,
    /// The plans, in manifest order.
    pub plans: Vec<ReadPlan>,
}

/// The target branch.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Target {
    /// Its full name.
    #[serde(rename = "ref")]
    pub name: String,
}

/// Something that needs a person.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct ReadAttention {
    /// The plan.
    pub plan: Option<String>,
    /// Its kind.
    pub kind: String,
    /// Its description.
    pub text: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Expected seconds of work that waits for it.
    pub holds_up_s: u64,
    /// The command that settles it.
    pub command: Option<String>,
}

/// A plan.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct ReadPlan {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: String,
    /// The reasons for its state.
    pub why: Vec<String>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Its priority, as written.
    pub priority: String,
    /// Its branch.
    pub branch: String,
    /// Its worktree.
    pub worktree: Option<String>,
    /// Its branch's tip.
    pub head: Option<String>,
    /// The number of commits on it.
    pub ahead: Option<usize>,
    /// True when its worktree has uncommitted changes.
    pub dirty: Option<bool>,
    /// Expected seconds until it is done.
    pub eta_s: Option<u64>,
    /// Money so far.
    pub cost: Option<f64>,
    /// The usage.
    pub spent: ReadSpent,
    /// Open questions.
    pub asks: Vec<ReadQuestion>,
    /// Its phases.
    pub phases: Vec<ReadPhase>,
    /// Its attempts, oldest first.
    pub attempts: Vec<ReadAttempt>,
}

/// A question of an agent.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct ReadQuestion {
    /// The phase or task that asks.
    pub unit: Option<serde_json::Value>,
    /// The question.
    pub text: String,
}

/// A phase.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct ReadPhase {
    /// Its number.
    pub id: u32,
    /// Its title.
    pub title: String,
    /// Its state.
    pub state: String,
    /// Its tasks.
    pub tasks: Vec<ReadTask>,
    /// Its VERIFY block.
    pub verify: Option<ReadTask>,
}

/// A task.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct ReadTask {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its state.
    pub state: String,
    /// The last report on it.
    #[serde(default)]
    pub note: Option<String>,
}

/// An attempt.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct ReadAttempt {
    /// Its id.
    pub id: String,
    /// Its agent.
    pub agent: String,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub exit: serde_json::Value,
    /// The facts in its output.
    #[serde(default)]
    pub facts: serde_json::Value,
}

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

/// The usage, as far as pages need it.
#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize)]
pub struct ReadSpent {
    /// The currency of costs.
    #[serde(default)]
    pub currency: Currency,
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
        let counts = ORDER.iter().map(|(state, sign)| StateCount {
            state,
            sign,
            plans: status.plans.iter().filter(|plan| plan.state == *state).count(),
        });
        let needing = |plan: &ReadPlan| {
            status
                .attention
                .iter()
                .any(|item| item.plan.as_ref() == Some(&plan.name))
        };
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
