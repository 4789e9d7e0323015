//! The fields of `orch status --json` that pages show.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::plan::Currency;

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
    /// The state of its own `verify`.
    pub verify: Option<String>,
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

/// The usage, as far as pages need it.
#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize)]
pub struct ReadSpent {
    /// The currency of costs.
    #[serde(default)]
    pub currency: Currency,
}
