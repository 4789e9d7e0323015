//! `.orch/gates.json`: the work that the attempt in the worktree may not begin, for callers of `orch task` there.
//!
//! The file only saves an agent from reports that would not count. What counts is decided where the journal is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::plan::{AttemptId, ItemId, PlanName};
use crate::status::files::error::StatusError;
use crate::status::files::folder::gates_file;
use crate::status::files::untrusted::{Links, STATUS_LIMIT, read_text};
use crate::status::report::prepare::{make_folder, write_over};

/// The work that an attempt may not begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedWork {
    /// The format: 1.
    pub schema: u32,
    /// The plan.
    pub plan: PlanName,
    /// The attempt.
    pub attempt: AttemptId,
    /// Phases, tasks and checks of the plan that are closed to the attempt, each with the reason.
    pub closed: BTreeMap<String, String>,
    /// Tasks and checks that others have done. They cannot be started again.
    #[serde(default)]
    pub done: BTreeSet<String>,
}

impl ClosedWork {
    /// The reason why work on the item may not begin; `None` when it may.
    pub fn refusal(&self, item: &ItemId) -> Option<&str> {
        let own = self.closed.get(&item.task.to_string());
        let phase = || self.closed.get(&item.task.phase.to_string());
        own.or_else(phase).map(String::as_str)
    }

    /// True when others have done the item.
    pub fn is_done(&self, item: &ItemId) -> bool {
        self.done.contains(&item.task.to_string())
    }
}

/// Replaces the file in one step.
///
/// # Errors
/// When the file cannot be written.
pub fn write_gates(worktree: &Path, gates: &ClosedWork) -> Result<(), StatusError> {
    make_folder(worktree)?;
    let mut bytes = serde_json::to_vec_pretty(gates).expect("texts are JSON");
    bytes.push(b'\n');
    write_over(&gates_file(worktree), &bytes)
}

/// The content of the file for this attempt; `None` when there is no file, or it is about another attempt.
pub fn read_gates(worktree: &Path, plan: &PlanName, attempt: &AttemptId) -> Option<ClosedWork> {
    let text = read_text(&gates_file(worktree), STATUS_LIMIT, Links::Refuse).ok()?;
    let gates: ClosedWork = serde_json::from_str(&text).ok()?;
    (gates.schema == 1 && gates.plan == *plan && gates.attempt == *attempt).then_some(gates)
}
