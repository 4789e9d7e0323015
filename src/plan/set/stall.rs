//! How long something may stall, and what happens then.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// `on_stuck`: what happens when an attempt was found stuck and has not moved for the same time again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnStall {
    /// Nothing: the stall was already reported to a person.
    #[default]
    Notice,
    /// A message is put into the agent's inbox.
    Nudge,
    /// The attempt is ended as failed, and the next one continues with the remaining work.
    Restart,
    /// The attempt is ended, and its work waits for a person.
    Hold,
}

impl OnStall {
    /// The word in the manifest.
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

/// Something that a plan waits for and that somebody should hear about when it takes too long.
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
    /// The word in the manifest.
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

/// `[escalate]`: how long a wait may last before it is reported; none for never.
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
    /// How long this wait may last; none for no limit.
    pub const fn after(&self, what: Waiting) -> Option<Duration> {
        match what {
            Waiting::Conflict => self.conflict,
            Waiting::Dependency => self.dependency,
            Waiting::Gate => self.gate,
            Waiting::Question => self.question,
            Waiting::Stuck => self.stuck,
            // Each resource has its own limit.
            Waiting::Resource => None,
        }
    }

    /// True when no wait is ever reported.
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
