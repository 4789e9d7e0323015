//! The names in a worktree's `.orch/`.

use std::path::{Path, PathBuf};

/// The folder of the protocol.
pub(super) const FOLDER: &str = ".orch";
/// The status file.
pub(super) const STATUS: &str = "status.json";
/// The agent's copy of the plan's document.
pub(super) const PLAN: &str = "plan.md";

/// The inbox.
pub(super) const MESSAGES: &str = "inbox.jsonl";
/// The number of the last read message.
pub(super) const READ_UP_TO: &str = "inbox.read";

/// The work that the present attempt may not begin.
pub(super) const GATES: &str = "gates.json";
/// The data for an agent's own calls of `orch`.
pub(super) const WORK: &str = "work.json";
/// Messages that wait for the supervisor.
pub(super) const OUTBOX: &str = "outbox.jsonl";
/// The former content of the folder's place: a file or a link.
pub(super) const REPLACED: &str = "replaced";

/// `.orch` of a worktree.
pub(super) fn folder(worktree: &Path) -> PathBuf {
    worktree.join(FOLDER)
}

/// `.orch/status.json` of a worktree.
pub(super) fn status_file(worktree: &Path) -> PathBuf {
    folder(worktree).join(STATUS)
}

/// `.orch/plan.md` of a worktree.
pub(super) fn plan_file(worktree: &Path) -> PathBuf {
    folder(worktree).join(PLAN)
}

/// `.orch/gates.json` of a worktree.
pub(super) fn gates_file(worktree: &Path) -> PathBuf {
    folder(worktree).join(GATES)
}

/// The files of a worktree in which agents and people report.
pub fn reported_in(worktree: &Path) -> [PathBuf; 2] {
    [status_file(worktree), plan_file(worktree)]
}
