//! Limits of accounts, and work that waits for one.

use std::collections::BTreeSet;

use crate::plan::PlanName;
use crate::schedule::event::at::At;
use crate::schedule::event::facts::ObstacleKind;

/// An account that had nothing to give when it was asked last.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// Until then.
    pub until: At,
    /// The plans that met it.
    pub met_by: BTreeSet<PlanName>,
    /// In words.
    pub why: String,
}

/// Work of a plan that waits for an agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Parking {
    /// Since when, without an answer between.
    pub since: At,
    /// Until then.
    pub until: At,
    /// The sort of what stood in the way.
    pub kind: ObstacleKind,
    /// The agent's words about it.
    pub why: String,
    /// How many times in a row.
    pub times: u32,
}

/// Whether an agent can be started, and with which account.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::schedule) enum Choice {
    /// With this one; none for the only one.
    Account(Option<String>),
    /// Not before then.
    Closed(At, String),
}
