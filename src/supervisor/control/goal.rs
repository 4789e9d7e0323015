//! The goal of a supervisor, and its conclusion.

use crate::plan::{PlanName, PlanSet, WorkRef};
use crate::schedule::Ending;

use super::request::MergeReport;

/// The goal of a supervisor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// Drive plans until all have settled.
    Up {
        /// Which; empty for all.
        only: Vec<PlanName>,
        /// Land every plan when it is finished, whatever the manifest says.
        merge: bool,
        /// Go on while only a person is missing.
        wait: bool,
    },
    /// Land what is finished, and start nothing.
    Merge {
        /// Which, whole or up to the end of a phase; empty for all that are finished.
        plans: Vec<WorkRef>,
        /// Another target.
        into: Option<String>,
    },
}

/// How it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Conclusion {
    /// Why it ended.
    pub ending: Ending,
    /// The plans as they counted at the end: the manifest may have been edited meanwhile.
    pub set: PlanSet,
    /// True when a target does not pass as it was landed.
    pub red: bool,
    /// The report of the merge goal.
    pub merged: Option<MergeReport>,
}
