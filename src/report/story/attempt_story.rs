//! An attempt in the story of a run.

use jiff::Timestamp;
use serde::Serialize;

use crate::plan::{AgentName, AttemptId, UnitId};

/// An attempt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttemptStory {
    /// Its id.
    pub attempt: AttemptId,
    /// Its agent.
    pub agent: AgentName,
    /// Its units.
    pub units: Vec<UnitId>,
    /// The worktree it ran in: 0 is the plan's own, others are lanes beside it.
    pub lane: u32,
    /// When its agent started.
    pub began: Option<Timestamp>,
    /// When its agent had ended.
    pub ended: Option<Timestamp>,
    /// The current time, while its agent is running.
    #[serde(skip)]
    pub so_far: Option<Timestamp>,
    /// Why it failed; `None` when it did not.
    pub failed: Option<String>,
    /// Why it ended early through no fault of its agent: stopped, limited, or with a question. It counts as no failure.
    pub interrupted: Option<String>,
    /// Its usage, as far as its agent reported it.
    pub spent: Spending,
}

/// Tokens and money.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Spending {
    /// Input and output tokens, including cached ones.
    pub tokens: u64,
    /// Money; `None` when no costs were reported.
    pub cost: Option<f64>,
}

impl Spending {
    pub(in crate::report) fn plus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens + other.tokens,
            cost: match (self.cost, other.cost) {
                (None, None) => None,
                (a, b) => Some(a.unwrap_or(0.0) + b.unwrap_or(0.0)),
            },
        }
    }
}

impl AttemptStory {
    /// An attempt that has not begun.
    pub(super) fn new(attempt: &AttemptId, agent: &AgentName, units: Vec<UnitId>, lane: u32) -> Self {
        Self {
            attempt: attempt.clone(),
            agent: agent.clone(),
            units,
            lane,
            began: None,
            ended: None,
            so_far: None,
            failed: None,
            interrupted: None,
            spent: Spending::default(),
        }
    }

    /// How long its agent ran, in milliseconds.
    pub fn took_ms(&self) -> u64 {
        match (self.began, self.ended.or(self.so_far)) {
            (Some(began), Some(ended)) => between(began, ended),
            _ => 0,
        }
    }
}

/// Milliseconds from one moment to another; 0 when the other is earlier.
pub fn between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_millisecond() - from.as_millisecond()).unwrap_or(0)
}
