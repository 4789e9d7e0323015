//! A phase with its tasks.

use serde::Serialize;

use crate::plan::{Phase, PhaseId, Task, TaskId, TaskState, VerifyBlock};
use crate::schedule::{PlanRun, PlanWork, phase_state, task_state};
use crate::status::{ListedSubtask, listed_checks};

/// One phase.
#[derive(Debug, Clone, Serialize)]
pub struct PhaseView {
    /// Its number.
    pub id: PhaseId,
    /// Its title.
    pub title: String,
    /// Its state.
    pub state: TaskState,
    /// In document order.
    pub tasks: Vec<TaskView>,
    /// Its VERIFY block, when it has one: `2.verify`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify: Option<VerifyView>,
    /// The numbered boxes of that block, in document order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<ListedSubtask>,
}

/// One task.
#[derive(Debug, Clone, Serialize)]
pub struct TaskView {
    /// Its id.
    pub id: TaskId,
    /// Its title.
    pub title: String,
    /// Its state.
    pub state: TaskState,
}

/// The VERIFY block of a phase.
#[derive(Debug, Clone, Serialize)]
pub struct VerifyView {
    /// Its id.
    pub id: TaskId,
    /// Its checks.
    pub title: String,
    /// Its state.
    pub state: TaskState,
    /// The last report on it.
    pub note: Option<String>,
}

impl PhaseView {
    /// A phase of a plan, as it is now.
    pub fn of(work: &PlanWork, run: &PlanRun, phase: &Phase) -> Self {
        let task = |task: &Task| TaskView {
            id: task.id,
            title: task.title.clone(),
            state: task_state(work, run, task.id),
        };
        let verify = |block: &VerifyBlock| {
            let id = TaskId::verify(phase.id);
            VerifyView {
                id,
                title: checks(block),
                state: task_state(work, run, id),
                note: run.items.get(&id.into()).and_then(|item| item.note.clone()),
            }
        };
        Self {
            id: phase.id,
            title: phase.title.clone(),
            state: phase_state(work, run, phase.id),
            tasks: phase.tasks.iter().map(task).collect(),
            verify: phase.verify.as_ref().map(verify),
            checks: listed_checks(phase, &|item| run.items.get(item).map(|item| item.state)),
        }
    }
}

/// A short text for a VERIFY block.
fn checks(block: &VerifyBlock) -> String {
    let background = if block.background {
        " (in the background)"
    } else {
        ""
    };
    let said = match block.checks.as_slice() {
        [] => "VERIFY".to_owned(),
        [one] => format!("VERIFY: {one}"),
        [first, rest @ ..] => format!("VERIFY: {first}; and {} more", rest.len()),
    };
    format!("{said}{background}")
}
