//! Work that will not be done.

use crate::schedule::event::why::because::Because;
use crate::schedule::event::why::built_on::BuiltOn;

/// Why a unit will not be done in this run.
#[derive(Debug, Clone, PartialEq)]
pub enum Lost {
    /// Its attempts are used up.
    Failed {
        /// Why.
        why: Because,
        /// Work that was begun although this was still open.
        built_on: Vec<BuiltOn>,
    },
    /// A person has to look at it.
    Held {
        /// Why.
        why: Because,
        /// Work that was begun although this was still open.
        built_on: Vec<BuiltOn>,
    },
    /// A person cancelled it.
    Cancelled,
    /// It waits for something that will not happen.
    Skipped {
        /// What failed: a unit of the plan, or a point of another.
        cause: String,
        /// Why.
        why: Because,
    },
}

impl Lost {
    /// True when nobody can help in this run.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Failed { .. } | Self::Skipped { .. } | Self::Cancelled => true,
            Self::Held { .. } => false,
        }
    }
}
