//! What an agent reports on another machine, put into the worktree here that follows it.

use std::path::Path;

use super::error::StatusError;
use super::folder::{OUTBOX, PLAN, READ_UP_TO, STATUS, folder};
use super::guard::Guard;
use super::outbox::{OutboxLine, outbox, post};
use super::prepare::{make_folder, write_over};

/// Puts a file of `.orch/` in place. Any other name than those in which an agent reports is passed over.
///
/// # Errors
///
/// When it cannot be written.
pub fn mirror(worktree: &Path, name: &str, bytes: &[u8]) -> Result<(), StatusError> {
    if ![STATUS, PLAN, READ_UP_TO].contains(&name) {
        return Ok(());
    }
    make_folder(worktree)?;
    let _guard = Guard::take(worktree)?;
    write_over(&folder(worktree).join(name), bytes)
}

/// Leaves the messages of an outbox that are not `posted` in the one here, and notes them there.
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
