//! What a unit waits for, and why it will never begin.

use super::freeze::Freeze;
use crate::graph::Gate;
use crate::plan::{Dependency, Point, TaskId, UnitId, WorkRef};

/// A wait of a unit.
#[derive(Debug, Clone, PartialEq)]
pub enum Wait<'a> {
    /// A gate inside the plan, and its missing members.
    Gate(Gate<'a>, Vec<UnitId>),
    /// A point of another plan.
    Plan(&'a Dependency),
    /// Work of another plan that touches the same files, and the files.
    Overlap(WorkRef, &'a [String]),
    /// A unit at work that touches the same files. Holds the files.
    Files(UnitId, Vec<String>),
    /// A conflict of another plan in files that the unit touches.
    Conflict(Freeze<'a>),
    /// A VERIFY block that failed in the background.
    FailedCheck(TaskId),
    /// A person has to approve this.
    Approval(Point),
    /// A person paused this.
    Pause(Point),
}

/// Why a unit will never begin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cause<'a> {
    /// A unit of the plan will not be done.
    Unit(UnitId),
    /// A point of another plan will not be reached.
    Plan(&'a Dependency),
}
