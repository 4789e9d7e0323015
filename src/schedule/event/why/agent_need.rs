//! An agent that cannot continue until a person acts.

use serde::{Deserialize, Serialize};

use crate::plan::AgentName;
use crate::schedule::event::facts::ObstacleKind;

/// An obstacle of an agent that only a person can remove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentNeed {
    /// The agent.
    pub agent: AgentName,
    /// The agent's account, or `None` when it has only one.
    pub account: Option<String>,
    /// The kind of obstacle.
    pub obstacle: ObstacleKind,
    /// The agent's description.
    pub said: String,
    /// How a person logs the agent in. Empty if unknown.
    pub login: String,
}
