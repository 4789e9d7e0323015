//! The outbox in a worktree: `.orch/outbox.jsonl`, one message a line. An agent whose sandbox keeps it from the
//! supervisor puts its messages there, and the supervisor collects them.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::plan::{MessageKind, PlanName};
use crate::status::files::error::StatusError;
use crate::status::files::folder::{OUTBOX, folder};
use crate::status::files::guard::Guard;
use crate::status::files::untrusted::{Links, STATUS_LIMIT, read_text};
use crate::status::report::prepare::{make_folder, write_over};

/// One line of the outbox. The sender follows from the worktree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxLine {
    /// A unique id of the message.
    pub id: String,
    /// The plan whose agents should get the message; `None` for the lead.
    pub to: Option<PlanName>,
    /// The kind of message.
    pub kind: MessageKind,
    /// The text.
    pub text: String,
    /// The number of the message that this message answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<u32>,
}

/// Adds a message to the outbox.
///
/// # Errors
///
/// When the outbox cannot be written.
pub fn post(worktree: &Path, message: &OutboxLine) -> Result<(), StatusError> {
    make_folder(worktree)?;
    let _guard = Guard::take(worktree)?;
    let mut all = outbox(worktree);
    all.push(message.clone());
    write(worktree, &all)
}

/// The messages in the outbox, oldest first. Lines that are no messages are skipped.
pub fn outbox(worktree: &Path) -> Vec<OutboxLine> {
    let text = read_text(&folder(worktree).join(OUTBOX), STATUS_LIMIT, Links::Refuse);
    let text = text.unwrap_or_default();
    let lines = text.lines().filter_map(|line| serde_json::from_str(line).ok());
    lines.collect()
}

/// Removes messages that were passed on.
///
/// # Errors
///
/// When the outbox cannot be written.
pub fn take_posted(worktree: &Path, ids: &[String]) -> Result<(), StatusError> {
    let _guard = Guard::take(worktree)?;
    let mut all = outbox(worktree);
    all.retain(|message| !ids.contains(&message.id));
    write(worktree, &all)
}

fn write(worktree: &Path, messages: &[OutboxLine]) -> Result<(), StatusError> {
    let lines = messages.iter().map(|message| {
        let mut line = serde_json::to_vec(message).expect("texts are JSON");
        line.push(b'\n');
        line
    });
    write_over(
        &folder(worktree).join(OUTBOX),
        &lines.flatten().collect::<Vec<u8>>(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_posted_waits_in_order_until_it_is_taken() {
        let worktree = tempfile::tempdir().unwrap();
        let message = |text: &str| OutboxLine {
            id: format!("id of {text}"),
            to: Some("auth".parse().unwrap()),
            kind: MessageKind::Status,
            text: text.to_owned(),
            answers: None,
        };
        for text in ["one", "two\nlines", "three"] {
            post(worktree.path(), &message(text)).unwrap();
        }
        assert_eq!(outbox(worktree.path()).len(), 3);
        let ids = ["one", "two\nlines"].map(|text| message(text).id);
        take_posted(worktree.path(), &ids).unwrap();
        assert_eq!(outbox(worktree.path()), [message("three")]);
        take_posted(worktree.path(), &[message("three").id]).unwrap();
        assert_eq!(outbox(worktree.path()), []);
    }
}
