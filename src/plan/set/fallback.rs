//! Who takes over when an agent cannot go on.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::plan::AgentName;

/// The agents of a plan, in the order in which they try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fallback {
    /// The first of them is the plan's own; empty where nobody takes over.
    pub agents: Vec<AgentName>,
    /// For how long an agent may be limited before the next one takes over.
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
    /// Unless the manifest says otherwise.
    pub const AFTER: Duration = Duration::from_secs(10 * 60);
}
