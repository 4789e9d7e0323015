//! Work of another plan that comes first because both plans touch the same files.

use std::sync::Arc;

use crate::graph::{FileTurn, Graph};
use crate::plan::{PhaseId, PlanName, Point, UnitId, WorkRef};

/// Work of another plan that comes first, because both plans touch the same files (`overlap = "serialize"`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesInTurn {
    /// The other plan.
    pub plan: PlanName,
    /// The phases of it that touch the files, each with its units; empty when the whole plan comes first.
    pub phases: Vec<(PhaseId, Vec<UnitId>)>,
    /// The files, folders or patterns.
    pub files: Arc<[String]>,
}

impl FilesInTurn {
    /// Reads the order of the graph. `first` is the name of the plan that goes first.
    pub(super) fn new(turn: &FileTurn, first: &PlanName, graph: &Graph) -> Self {
        let phases = turn.phases.iter().map(|phase| {
            let units = graph.orders[turn.first].units.iter().map(|unit| unit.id);
            (*phase, units.filter(|unit| unit.phase() == *phase).collect())
        });
        Self {
            plan: first.clone(),
            phases: phases.collect(),
            files: Arc::clone(&turn.files),
        }
    }

    /// The points that come first: the whole plan, or each phase.
    pub fn points(&self) -> impl Iterator<Item = WorkRef> + '_ {
        let whole = self.phases.is_empty().then_some(Point::Plan);
        let phases = self.phases.iter().map(|(phase, _)| Point::Phase(*phase));
        whole.into_iter().chain(phases).map(|point| WorkRef {
            plan: self.plan.clone(),
            point,
        })
    }
}
