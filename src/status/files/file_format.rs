//! The status file as `orch` first writes it. Later content of others is read without these types.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::plan::{Document, ItemId, PlanName, TaskState};

/// `.orch/status.json`: the reports of a plan's agents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StatusFile {
    /// The format: 1.
    pub schema: u32,
    /// The plan that the file is about.
    pub plan: String,
    /// Increases by one with every change.
    pub version: u64,
    /// The time of the last change (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
    /// Tasks and sub-tasks by id.
    pub tasks: BTreeMap<String, TaskEntry>,
    /// Free text for people.
    pub message: Option<String>,
    /// What the agent needs from a person.
    pub needs: Option<String>,
}

/// The report about one task or sub-task.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct TaskEntry {
    /// `pending`, `running`, `done`, `failed` or `skipped`.
    pub state: String,
    /// The time at which work began (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// The time at which it was done, failed or skipped (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// The time of this report (RFC 3339). A later time makes a new report, even when the report repeats the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said_at: Option<String>,
    /// Who reported it: the id of an attempt, or `person`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The commit checked out in the worktree at the time of the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The state that `orch` wrote before the work began. While `state` is the same, nobody has reported anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The reason for a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl StatusFile {
    /// The file with the known states of all tasks, before anybody has reported anything in it.
    pub(in crate::status) fn known(
        plan: &PlanName,
        document: &Document,
        states: impl Fn(&ItemId) -> TaskState,
    ) -> Self {
        let mut file = Self::initial(plan, document);
        for (id, entry) in &mut file.tasks {
            if let Ok(item) = id.parse::<ItemId>() {
                entry.state = states(&item).to_string();
                entry.known = Some(entry.state.clone());
            }
        }
        file
    }

    /// The file before any report: tasks that are ticked in the document are done, the others are pending.
    pub fn initial(plan: &PlanName, document: &Document) -> Self {
        let entry = |ticked| TaskEntry {
            state: if ticked {
                TaskState::Done
            } else {
                TaskState::Pending
            }
            .to_string(),
            ..TaskEntry::default()
        };
        Self {
            schema: 1,
            plan: plan.to_string(),
            version: 0,
            updated_at: None,
            tasks: document
                .items()
                .map(|(item, ticked)| (item.to_string(), entry(ticked)))
                .collect(),
            message: None,
            needs: None,
        }
    }
}
