//! The tasks and sub-tasks of a document, as one list of what a status file may speak about.

use crate::plan::{Document, ItemId, TaskId};

/// Every task and sub-task with whether its box is ticked, in document order.
pub(super) fn items(document: &Document) -> impl Iterator<Item = (ItemId, bool)> + '_ {
    document.tasks().flat_map(|task| {
        let subtasks = task.subtasks.iter().map(|sub| (sub.id.clone(), sub.ticked));
        std::iter::once((ItemId::from(task.id), task.ticked)).chain(subtasks)
    })
}

/// Every item that may be reported: tasks, sub-tasks, and the VERIFY blocks of phases.
pub(super) fn reportable(document: &Document) -> impl Iterator<Item = ItemId> + '_ {
    let verified = document.phases.iter().filter(|phase| phase.verify.is_some());
    let blocks = verified.map(|phase| TaskId::verify(phase.id).into());
    items(document).map(|(item, _)| item).chain(blocks)
}
