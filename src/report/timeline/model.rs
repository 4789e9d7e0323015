//! The data of a timeline. Times are milliseconds since the run began.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A run over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunTimeline {
    /// When the run began.
    pub began: Timestamp,
    /// The present moment; `None` for a run that is over.
    pub now_ms: Option<u64>,
    /// The length of the picture: to the end of the run, or to its expected end.
    pub length_ms: u64,
    /// The rows, sorted by the plans' names, with a plan's lanes below each other.
    pub rows: Vec<TimelineRow>,
}

/// One worktree of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineRow {
    /// The plan's name.
    pub plan: String,
    /// The lane; 0 is the plan's own worktree.
    pub lane: u32,
    /// When the plan was expected to be done, as of the start of the run; `None` for other lanes, and where nothing
    /// was expected.
    pub planned_ms: Option<u64>,
    /// The bars, by their start.
    pub bars: Vec<TimelineBar>,
}

/// A period with one condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineBar {
    /// The condition.
    pub kind: BarKind,
    /// The start.
    pub from_ms: u64,
    /// The end.
    pub to_ms: u64,
    /// The text for it.
    pub text: String,
    /// True for a part of the critical path: had it taken less time, the run would have ended sooner.
    pub critical: bool,
}

/// The meaning of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BarKind {
    /// The plan waited for other plans or for a slot.
    Waiting,
    /// The plan waited for an approval, a review or an answer.
    Gate,
    /// The plan was held.
    Held,
    /// The plan waited for the end of a rate limit, an outage or a retry's delay.
    Parked,
    /// A person paused the plan.
    Paused,
    /// An attempt.
    Attempt,
    /// An attempt or a `verify` that failed.
    Failed,
    /// An attempt that is under way.
    Working,
    /// The plan's `verify` ran.
    Verifying,
    /// The merge queue built and verified the plan's merge.
    Merging,
    /// The plan landed: a moment.
    Landed,
    /// Work that is expected to come.
    Expected,
}

impl BarKind {
    /// All kinds, in the order of the legend.
    pub const ALL: [Self; 12] = [
        Self::Attempt,
        Self::Working,
        Self::Failed,
        Self::Verifying,
        Self::Merging,
        Self::Landed,
        Self::Waiting,
        Self::Gate,
        Self::Held,
        Self::Parked,
        Self::Paused,
        Self::Expected,
    ];

    /// The CSS class of its shapes.
    pub fn class(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Gate => "gate",
            Self::Held => "held",
            Self::Parked => "parked",
            Self::Paused => "paused",
            Self::Attempt => "attempt",
            Self::Failed => "failed",
            Self::Working => "working",
            Self::Verifying => "verifying",
            Self::Merging => "merging",
            Self::Landed => "landed",
            Self::Expected => "expected",
        }
    }

    /// Its text in the legend.
    pub fn label(self) -> &'static str {
        match self {
            Self::Waiting => "waits for work or a slot",
            Self::Gate => "waits for a person",
            Self::Held => "held",
            Self::Parked => "parked",
            Self::Paused => "paused",
            Self::Attempt => "attempt",
            Self::Failed => "failed",
            Self::Working => "at work",
            Self::Verifying => "verified",
            Self::Merging => "merged and verified",
            Self::Landed => "landed",
            Self::Expected => "expected",
        }
    }

    /// True for bars that take the time of an agent or of a machine.
    pub fn is_activity(self) -> bool {
        match self {
            Self::Attempt | Self::Failed | Self::Working | Self::Verifying | Self::Merging => true,
            Self::Waiting | Self::Gate | Self::Held | Self::Parked | Self::Paused | Self::Landed => false,
            Self::Expected => false,
        }
    }
}
