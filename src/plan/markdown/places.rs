//! The positions of the tasks in a document.

use std::collections::BTreeMap;

use crate::plan::{Phase, TaskId};

/// For each task, the index of its phase and its index in the phase.
pub(super) type TaskPlaces = BTreeMap<TaskId, (usize, usize)>;

/// Finds the position of each task.
pub(super) fn places(phases: &[Phase]) -> TaskPlaces {
    let mut places = TaskPlaces::new();
    for (number, phase) in phases.iter().enumerate() {
        places.extend(
            phase
                .tasks
                .iter()
                .enumerate()
                .map(|(at, task)| (task.id, (number, at))),
        );
    }
    places
}
