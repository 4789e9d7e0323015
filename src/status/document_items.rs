//! The tasks, sub-tasks and checks of a document, as one list of what a status file may speak about.

use crate::plan::{Document, ItemId, Subtask, TaskId};

/// Every item that may be reported, with whether its box is ticked: tasks and sub-tasks in document order, then numbered
/// checks, then the VERIFY blocks of phases, of which all boxes have to be ticked.
pub(super) fn items(document: &Document) -> impl Iterator<Item = (ItemId, bool)> + '_ {
    let part = |part: &Subtask| (part.id.clone(), part.ticked);
    let tasks = document.tasks().flat_map(move |task| {
        std::iter::once((ItemId::from(task.id), task.ticked)).chain(task.subtasks.iter().map(part))
    });
    let blocks = document.phases.iter().filter_map(|phase| {
        let block = phase.verify.as_ref()?;
        Some((TaskId::verify(phase.id).into(), block.is_ticked()))
    });
    tasks.chain(document.numbered_checks().map(part)).chain(blocks)
}

/// Every item that may be reported.
pub(super) fn reportable(document: &Document) -> impl Iterator<Item = ItemId> + '_ {
    items(document).map(|(item, _)| item)
}
