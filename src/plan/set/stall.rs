//! For how long something may stand still, and what follows then.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// `on_stuck`: what follows when an attempt was found stuck and has not moved for as long again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnStall {
    /// Nothing: a person was told.
    #[default]
    Notice,
    /// A message is put into the agent's inbox.
    Nudge,
    /// The attempt is ended, as a failed one, and the next one continues with what remains.
    Restart,
    /// The attempt is ended, and its work waits for a person.
    Hold,
}

impl OnStall {
    /// The word of the manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Nudge => "nudge",
            Self::Restart => "restart",
            Self::Hold => "hold",
        }
    }

    /// True when the attempt is ended.
    pub const fn ends_it(self) -> bool {
        matches!(self, Self::Restart | Self::Hold)
    }
}

/// What a plan waits for that somebody should hear of when it takes too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    /// A person, because its commits do not merge.
    Conflict,
    /// A point of another plan.
    Dependency,
    /// A person: at a gate, or because its verification failed and retries are used up.
    Gate,
    /// A person, because its agent asks something.
    Question,
    /// A sign of life of its agent.
    Stuck,
    /// A token of a resource that others hold for longer than its patience.
    Resource,
}

impl Waiting {
    /// The word of the manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Dependency => "dependency",
            Self::Gate => "gate",
            Self::Question => "question",
            Self::Stuck => "stuck",
            Self::Resource => "resource",
        }
    }
}

/// `[escalate]`: after how long a wait is reported; none for never.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalate {
    /// A conflict.
    pub conflict: Option<Duration>,
    /// A dependency.
    pub dependency: Option<Duration>,
    /// A gate, or a verification that failed for good.
    pub gate: Option<Duration>,
    /// An agent's question.
    pub question: Option<Duration>,
    /// An attempt that was found stuck.
    pub stuck: Option<Duration>,
}

impl Escalate {
    /// How long this may last; none for as long as it likes.
    pub const fn after(&self, what: Waiting) -> Option<Duration> {
        match what {
            Waiting::Conflict => self.conflict,
            Waiting::Dependency => self.dependency,
            Waiting::Gate => self.gate,
            Waiting::Question => self.question,
            Waiting::Stuck => self.stuck,
            // Each resource has a patience of its own.
            Waiting::Resource => None,
        }
    }

    /// True when nothing is ever told.
    pub fn is_silent(&self) -> bool {
        let all = [
            self.conflict,
            self.dependency,
            self.gate,
            self.question,
            self.stuck,
        ];
        all.iter().all(Option::is_none)
    }
}
