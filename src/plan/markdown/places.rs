//! Where the tasks of a document stand.

use std::collections::BTreeMap;

use crate::plan::{Phase, TaskId};

/// Where each task is: its phase and its place in it.
pub(super) type TaskPlaces = BTreeMap<TaskId, (usize, usize)>;

/// Finds them.
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
