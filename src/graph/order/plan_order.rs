//! The order inside one plan: which unit waits for which others, and why.
//!
//! A strategy only decides how these gates are drawn. The scheduler knows only the gates.

use std::sync::Arc;

use crate::plan::{Document, Strategy, UnitId};

use crate::graph::order::gate::Gates;
use crate::graph::order::waits::UnitWaits;

/// A unit of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The unit's id.
    pub id: UnitId,
    /// Line in the document.
    pub line: usize,
    /// True when all of the unit is ticked in the document.
    pub ticked: bool,
}

/// The order inside one plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanOrder {
    /// The units in document order.
    pub units: Vec<Unit>,
    /// The gates between units. Members are indexes of units.
    pub gates: Arc<Gates>,
    /// The gates at which each unit waits. All of them must be open.
    pub waits: Arc<UnitWaits>,
    /// The strategy that drew the gates of each phase; never `auto`.
    pub strategies: Vec<Strategy>,
    /// True when each task is a unit, false when each phase is.
    pub by_task: bool,
}

/// Returns the index of each phase's first unit when each task is a unit, and the end of the last phase's units. The units
/// of a phase are its tasks, or the phase itself when it has none, then its VERIFY block.
pub(in crate::graph) fn first_units(document: &Document) -> Vec<usize> {
    let mut firsts = Vec::with_capacity(document.phases.len() + 1);
    let mut next = 0;
    for phase in &document.phases {
        firsts.push(next);
        next += phase.tasks.len().max(1) + usize::from(phase.verify.is_some());
    }
    firsts.push(next);
    firsts
}
