//! Copies an agent's reports from another machine into the local worktree that follows the agent.

use std::path::Path;

use crate::status::files::error::StatusError;
use crate::status::files::folder::{OUTBOX, PLAN, READ_UP_TO, STATUS, folder};
use crate::status::files::guard::Guard;
use crate::status::mail::outbox::{OutboxLine, outbox, post};
use crate::status::report::prepare::{make_folder, write_over};

/// Puts a file of `.orch/` in place. Skips names other than those in which an agent reports.
///
/// # Errors
///
/// When the file cannot be written.
pub fn mirror(worktree: &Path, name: &str, bytes: &[u8]) -> Result<(), StatusError> {
    if ![STATUS, PLAN, READ_UP_TO].contains(&name) {
        return Ok(());
    }
    make_folder(worktree)?;
    let _guard = Guard::take(worktree)?;
    write_over(&folder(worktree).join(name), bytes)
}

/// Adds those messages of an outbox to the local outbox that are not in `posted`, and records their ids in `posted`.
///
/// # Errors
///
/// When the outbox cannot be written.
pub fn mirror_outbox(worktree: &Path, bytes: &[u8], posted: &mut Vec<String>) -> Result<bool, StatusError> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str::<OutboxLine>(line).ok());
    let mut new = false;
    for line in lines {
        if posted.contains(&line.id) {
            continue;
        }
        if !outbox(worktree).iter().any(|there| there.id == line.id) {
            post(worktree, &line)?;
        }
        posted.push(line.id);
        new = true;
    }
    Ok(new)
}

/// The name of the outbox's file.
pub const OUTBOX_FILE: &str = OUTBOX;
