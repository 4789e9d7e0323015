//! `orch task list`: the tasks of a plan and their states.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::plan::{Document, ItemId, Phase, PhaseId, PlanName, Task, TaskId, TaskState};

/// The answer of `orch task list --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskList {
    /// The format: 1.
    pub schema: u32,
    /// The plan.
    pub plan: PlanName,
    /// The tasks, in document order.
    pub tasks: Vec<ListedTask>,
}

/// One task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedTask {
    /// The task's id.
    pub id: TaskId,
    /// The task's phase.
    pub phase: PhaseId,
    /// The task's first line.
    pub title: String,
    /// The reported state; never `ready`.
    pub state: TaskState,
    /// The task's own dependencies: tasks of the plan, then work of other plans.
    pub depends: Vec<String>,
    /// The task's sequential group as written, such as `3.1-3.4`.
    pub sequential: Option<String>,
    /// Files that the task's text names.
    pub files: Vec<String>,
    /// The task's sub-tasks.
    pub subtasks: Vec<ListedSubtask>,
}

/// One sub-task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedSubtask {
    /// The full id.
    pub id: ItemId,
    /// The text.
    pub title: String,
    /// The reported state.
    pub state: TaskState,
}

/// Lists the tasks of a plan. `states` has the reported states; a task without one is done if ticked, otherwise
/// pending.
pub fn task_list(plan: &PlanName, document: &Document, states: &BTreeMap<ItemId, TaskState>) -> TaskList {
    TaskList {
        schema: 1,
        plan: plan.clone(),
        tasks: document
            .phases
            .iter()
            .flat_map(|phase| of_phase(phase, states))
            .collect(),
    }
}

/// The numbered boxes of a phase's VERIFY block, each in its reported state, or else as its box says.
pub fn listed_checks(phase: &Phase, said: &dyn Fn(&ItemId) -> Option<TaskState>) -> Vec<ListedSubtask> {
    let checks = phase.verify.iter().flat_map(|block| &block.numbered);
    let listed = checks.map(|check| ListedSubtask {
        id: check.id.clone(),
        title: check.title.clone(),
        state: said(&check.id).unwrap_or(as_ticked(check.ticked)),
    });
    listed.collect()
}

/// The tasks of a phase and its VERIFY block.
fn of_phase(phase: &Phase, states: &BTreeMap<ItemId, TaskState>) -> Vec<ListedTask> {
    let mut all: Vec<ListedTask> = phase.tasks.iter().map(|task| listed(task, states)).collect();
    if let Some(block) = &phase.verify {
        let id = TaskId::verify(phase.id);
        all.push(ListedTask {
            id,
            phase: phase.id,
            title: format!("VERIFY: {}", block.checks.join("; ")),
            state: state(states, &id.into(), block.is_ticked()),
            depends: Vec::new(),
            sequential: None,
            files: Vec::new(),
            subtasks: listed_checks(phase, &|item| states.get(item).copied()),
        });
    }
    all
}

fn listed(task: &Task, states: &BTreeMap<ItemId, TaskState>) -> ListedTask {
    let named = task.depends.iter().flatten().map(ToString::to_string);
    let subtasks = task.subtasks.iter().map(|sub| ListedSubtask {
        id: sub.id.clone(),
        title: sub.title.clone(),
        state: state(states, &sub.id, sub.ticked),
    });
    ListedTask {
        id: task.id,
        phase: task.id.phase,
        title: task.title.clone(),
        state: state(states, &task.id.into(), task.ticked),
        depends: named.chain(task.cross.iter().map(ToString::to_string)).collect(),
        sequential: task.sequential.clone(),
        files: task.files.clone(),
        subtasks: subtasks.collect(),
    }
}

/// An item's state: the reported state, or else the state of its box when the document was read.
pub(in crate::status) fn state(
    states: &BTreeMap<ItemId, TaskState>,
    item: &ItemId,
    ticked: bool,
) -> TaskState {
    states.get(item).copied().unwrap_or(as_ticked(ticked))
}

fn as_ticked(ticked: bool) -> TaskState {
    if ticked {
        TaskState::Done
    } else {
        TaskState::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::markdown::read_document;

    #[test]
    fn the_list_has_the_fields_of_its_contract() {
        let (document, faults) = read_document(
            "# P\n\n## Phase 1: A\n\n- [x] 1.1 Make `src/a.rs`\n- [ ] 1.2 Go on (depends: 1.1)\n  - [ ] 1.2.1 Part\n",
        );
        assert_eq!(faults, []);
        let states = BTreeMap::from([("1.2".parse().unwrap(), TaskState::Running)]);
        let list = task_list(&"auth".parse().unwrap(), &document, &states);
        let expected = serde_json::json!({
            "schema": 1,
            "plan": "auth",
            "tasks": [
                {"id": "1.1", "phase": 1, "title": "Make `src/a.rs`", "state": "done", "depends": [],
                 "sequential": null, "files": ["src/a.rs"], "subtasks": []},
                {"id": "1.2", "phase": 1, "title": "Go on", "state": "running", "depends": ["1.1"],
                 "sequential": null, "files": [],
                 "subtasks": [{"id": "1.2.1", "title": "Part", "state": "pending"}]},
            ],
        });
        assert_eq!(serde_json::to_value(&list).unwrap(), expected);
    }
}
