//! Limits of accounts, and work that waits for an agent.

use std::collections::BTreeSet;

use crate::plan::PlanName;
use crate::schedule::event::at::At;
use crate::schedule::event::facts::ObstacleKind;

/// The limit of an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// When the limit ends.
    pub until: At,
    /// The plans that met it.
    pub met_by: BTreeSet<PlanName>,
    /// The agent's words about it.
    pub why: String,
}

/// The wait of a plan's work for an agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Parking {
    /// When the wait began. The agent has given no answer since.
    pub since: At,
    /// When the wait ends.
    pub until: At,
    /// The kind of obstacle.
    pub kind: ObstacleKind,
    /// The agent's words about it.
    pub why: String,
    /// How often the agent met an obstacle in a row.
    pub times: u32,
}

/// Whether an agent can be started, and with which account.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::schedule) enum Choice {
    /// With this account, `None` for the only one.
    Account(Option<String>),
    /// Not before this moment. Holds the reason, too.
    Closed(At, String),
}
