//! Work that was built on other work.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plan::{UnitId, WorkRef};

/// Work that was started or done on top of work whose check failed afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum BuiltOn {
    /// A phase or task of the same plan.
    Own(UnitId),
    /// A point of another plan.
    Other(WorkRef),
}

impl fmt::Display for BuiltOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(unit) => unit.fmt(f),
            Self::Other(work) => work.fmt(f),
        }
    }
}
