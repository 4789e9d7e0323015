//! A period with one condition of a plan.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The kind of a spell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpellKind {
    /// The plan waited for an approval, a review or an answer.
    Gate,
    /// The plan was held.
    Held,
    /// The plan waited for the end of a rate limit, an outage or a retry's delay.
    Parked,
    /// A person paused the plan.
    Paused,
    /// The plan's `verify` ran.
    Verifying,
    /// The plan's `verify` ran, and failed.
    VerifyFailed,
    /// The merge queue built and verified the plan's merge.
    Merging,
}

impl SpellKind {
    /// True when only a person can end it.
    pub fn is_for_person(self) -> bool {
        match self {
            Self::Gate | Self::Held | Self::Paused => true,
            Self::Parked | Self::Verifying | Self::VerifyFailed | Self::Merging => false,
        }
    }
}

/// A period with one condition of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spell {
    /// The condition.
    pub kind: SpellKind,
    /// Its start.
    pub from: Timestamp,
    /// Its end; `None` while it lasts.
    pub to: Option<Timestamp>,
    /// The reason, in words; empty where there is nothing to add.
    pub text: String,
}
