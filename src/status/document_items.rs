//! The tasks, sub-tasks and checks of a document, as one list of what a status file may speak about.

use crate::plan::{Document, ItemId, Subtask, TaskId};

/// Every task, sub-task and numbered check with whether its box is ticked: tasks in document order, then checks.
pub(super) fn items(document: &Document) -> impl Iterator<Item = (ItemId, bool)> + '_ {
    let part = |part: &Subtask| (part.id.clone(), part.ticked);
    let tasks = document.tasks().flat_map(move |task| {
        std::iter::once((ItemId::from(task.id), task.ticked)).chain(task.subtasks.iter().map(part))
    });
    tasks.chain(document.numbered_checks().map(part))
}

/// Every item that may be reported: tasks, sub-tasks, and the VERIFY blocks of phases.
pub(super) fn reportable(document: &Document) -> impl Iterator<Item = ItemId> + '_ {
    let verified = document.phases.iter().filter(|phase| phase.verify.is_some());
    let blocks = verified.map(|phase| TaskId::verify(phase.id).into());
    items(document).map(|(item, _)| item).chain(blocks)
}
