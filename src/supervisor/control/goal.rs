//! The goal of a supervisor, and its conclusion.

use crate::plan::{PlanName, PlanSet, WorkRef};
use crate::schedule::Ending;

use super::request::MergeReport;

/// The goal of a supervisor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// Drive plans until all have settled.
    Up {
        /// The plans; empty for all.
        only: Vec<PlanName>,
        /// Land every finished plan, whatever the manifest says.
        merge: bool,
        /// Keep running while only a person is missing.
        wait: bool,
    },
    /// Land finished work, and start nothing.
    Merge {
        /// The plans, whole or up to the end of a phase; empty for all finished ones.
        plans: Vec<WorkRef>,
        /// A target other than the run's.
        into: Option<String>,
    },
}

/// The conclusion of a supervisor.
#[derive(Debug, Clone, PartialEq)]
pub struct Conclusion {
    /// Why the supervisor ended.
    pub ending: Ending,
    /// The plans in force at the end: the manifest may have been edited meanwhile.
    pub set: PlanSet,
    /// True when a target fails its verification after the landing.
    pub red: bool,
    /// The report of the merge goal.
    pub merged: Option<MergeReport>,
}
