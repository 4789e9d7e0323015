//! The names in a worktree's `.orch/`.

use std::path::{Path, PathBuf};

/// The folder of the protocol.
pub(in crate::status) const FOLDER: &str = ".orch";
/// The status file.
pub(in crate::status) const STATUS: &str = "status.json";
/// The agent's copy of the plan's document.
pub(in crate::status) const PLAN: &str = "plan.md";

/// The inbox.
pub(in crate::status) const MESSAGES: &str = "inbox.jsonl";
/// The number of the last read message.
pub(in crate::status) const READ_UP_TO: &str = "inbox.read";

/// The work that the present attempt may not begin.
pub(in crate::status) const GATES: &str = "gates.json";
/// The data for an agent's own calls of `orch`.
pub(in crate::status) const WORK: &str = "work.json";
/// Messages that wait for the supervisor.
pub(in crate::status) const OUTBOX: &str = "outbox.jsonl";
/// The former content of the folder's place: a file or a link.
pub(in crate::status) const REPLACED: &str = "replaced";

/// `.orch` of a worktree.
pub(in crate::status) fn folder(worktree: &Path) -> PathBuf {
    worktree.join(FOLDER)
}

/// `.orch/status.json` of a worktree.
pub(in crate::status) fn status_file(worktree: &Path) -> PathBuf {
    folder(worktree).join(STATUS)
}

/// `.orch/plan.md` of a worktree.
pub(in crate::status) fn plan_file(worktree: &Path) -> PathBuf {
    folder(worktree).join(PLAN)
}

/// `.orch/gates.json` of a worktree.
pub(in crate::status) fn gates_file(worktree: &Path) -> PathBuf {
    folder(worktree).join(GATES)
}

/// The files of a worktree in which agents and people report.
pub fn reported_in(worktree: &Path) -> [PathBuf; 2] {
    [status_file(worktree), plan_file(worktree)]
}
