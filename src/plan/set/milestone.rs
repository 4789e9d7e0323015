//! Who answers for a plan, and by when it is due.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A person who owns plans.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// What the person knows.
    pub skills: Vec<String>,
}

/// Who answers for a plan, by when it is due, and what one has to know for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Milestone {
    /// The person in `[people]`.
    pub owner: Option<String>,
    /// The last day for it.
    pub due: Option<Date>,
    /// What one has to know for it.
    pub skills: Vec<String>,
}
