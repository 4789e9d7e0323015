//! `orch task stop-hook`: an agent's program asks this before it ends.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::plan::{Document, PhaseId, PlanName, TaskId, TaskState};
use crate::status;
use crate::supervisor::{HookMemory, Leaving, reason_to_go_on};

use crate::cli::call::{CliError, output};

/// The request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StopHookInput {
    /// True when the agent continues because of an earlier answer.
    stop_hook_active: bool,
}

/// Answers the request. An error never blocks an agent: unknown facts count as good.
pub fn answer(
    plan: &PlanName,
    document: &Document,
    worktree: &Path,
    committed: Option<&Path>,
) -> Result<(), CliError> {
    let mut text = String::new();
    let _ = std::io::stdin().take(1 << 20).read_to_string(&mut text);
    let asked: StopHookInput = serde_json::from_str(&text).unwrap_or_default();
    let prompt = std::env::var_os("ORCH_PROMPT_FILE").map(PathBuf::from);
    let Some(attempt) = prompt.as_deref().and_then(Path::parent) else {
        return Ok(());
    };
    let before = HookMemory::read(attempt);
    // An agent that asks a person ends now, and continues with the answer.
    if status::read(worktree, plan, document, committed).needs.is_some() {
        return Ok(());
    }
    let leaving = leaving(plan, document, worktree, committed);
    let Some(reason) = reason_to_go_on(&leaving, &before, asked.stop_hook_active) else {
        return Ok(());
    };
    let kept = HookMemory {
        times: before.times + 1,
        reason: reason.clone(),
    };
    // Without this record, the number of earlier answers would be lost.
    if kept.write(attempt).is_err() {
        return Ok(());
    }
    output::json(&serde_json::json!({ "decision": "block", "reason": reason }))
}

fn leaving(plan: &PlanName, document: &Document, worktree: &Path, committed: Option<&Path>) -> Leaving {
    let given = |name: &str| std::env::var(name).unwrap_or_default();
    let (tasks, phases) = (given("ORCH_TASK"), given("ORCH_PHASE"));
    let tasks: Vec<TaskId> = tasks.split(',').filter_map(|id| id.parse().ok()).collect();
    let phases: Vec<PhaseId> = phases
        .split(',')
        .filter_map(|id| id.parse().ok().map(PhaseId))
        .collect();
    let mine = |id: TaskId| match tasks.is_empty() {
        true => phases.contains(&id.phase),
        false => tasks.contains(&id),
    };
    let states = status::read(worktree, plan, document, committed).states();
    let settled = |id: TaskId| {
        states
            .get(&id.into())
            .is_some_and(|state| state.is_settled() || *state == TaskState::Failed)
    };
    Leaving {
        uncommitted: crate::git::inspect_by_git(worktree).map_or_else(|_| Vec::new(), |state| state.dirty),
        open: document
            .tasks()
            .map(|task| task.id)
            .filter(|id| mine(*id) && !settled(*id))
            .collect(),
    }
}
