//! Which agent takes over when an agent cannot continue.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::plan::AgentName;

/// The agents of a plan, in the order in which they are tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fallback {
    /// The first agent is the plan's own; empty when no agent takes over.
    pub agents: Vec<AgentName>,
    /// How long an agent may be limited before the next agent takes over.
    pub after: Duration,
}

impl Default for Fallback {
    fn default() -> Self {
        Self {
            agents: Vec::new(),
            after: Self::AFTER,
        }
    }
}

impl Fallback {
    /// The default of [`Fallback::after`].
    pub const AFTER: Duration = Duration::from_secs(10 * 60);
}
