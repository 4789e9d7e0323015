//! The inbox in a worktree: `.orch/inbox.jsonl`, one message a line, and `.orch/inbox.read` with the number of the last
//! read message. The journal has every message too, so nothing is lost with either file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::plan::Message;
use crate::status::files::error::StatusError;
use crate::status::files::folder::{MESSAGES, READ_UP_TO, folder};
use crate::status::files::guard::Guard;
use crate::status::files::untrusted::{Flaw, Links, STATUS_LIMIT, read_text};
use crate::status::report::prepare::make_folder;

/// One line of the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct InboxLine {
    schema: u32,
    #[serde(flatten)]
    message: Message,
}

/// The content of an inbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inbox {
    /// Every message, in order.
    pub messages: Vec<Message>,
    /// The number of the last read message.
    pub read: u32,
}

impl Inbox {
    /// The messages that were not read yet.
    pub fn unread(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(|message| message.id > self.read)
    }
}

/// Puts these messages, which are all in the journal, into the inbox of a worktree. Another call changes nothing. Newer
/// messages that somebody else has put there stay.
///
/// # Errors
///
/// When the inbox cannot be written.
pub fn deliver(worktree: &Path, messages: &[Message]) -> Result<(), StatusError> {
    if messages.is_empty() {
        return Ok(());
    }
    make_folder(worktree)?;
    let _guard = Guard::take(worktree)?;
    let last = messages.last().map_or(0, |message| message.id);
    let there = inbox(worktree).messages;
    let newer = there.iter().filter(|message| message.id > last);
    let all: Vec<&Message> = latest(messages.iter().chain(newer).collect());
    if there.iter().eq(all.iter().copied()) {
        return Ok(());
    }
    let lines = all.into_iter().map(|message| {
        let line = InboxLine {
            schema: 1,
            message: message.clone(),
        };
        serde_json::to_string(&line).expect("messages are JSON") + "\n"
    });
    write(&lines_file(worktree), &lines.collect::<String>())
}

/// The latest messages, as many as fit into a file that orch reads. Older ones have been read long ago.
fn latest(mut all: Vec<&Message>) -> Vec<&Message> {
    let mut room = STATUS_LIMIT / 4;
    let long = |message: &&Message| message.text.len() as u64;
    let fit = all.iter().rev().take_while(|message| {
        room = room.saturating_sub(long(message) + 200);
        room > 0
    });
    let over = all.len() - fit.count();
    all.drain(..over);
    all
}

/// The content of the inbox. Lines that are no messages are skipped, because the journal has every message.
pub fn inbox(worktree: &Path) -> Inbox {
    let text = |path: PathBuf| -> Result<String, Flaw> { read_text(&path, STATUS_LIMIT, Links::Refuse) };
    let lines = text(lines_file(worktree)).unwrap_or_default();
    let lines = lines
        .lines()
        .filter_map(|line| serde_json::from_str::<InboxLine>(line).ok());
    let mut messages: Vec<Message> = lines.map(|line| line.message).collect();
    messages.sort_by_key(|message| message.id);
    messages.dedup_by_key(|message| message.id);
    Inbox {
        messages,
        read: read_up_to(worktree),
    }
}

/// The number of the last read message in this worktree.
pub fn read_up_to(worktree: &Path) -> u32 {
    let read = read_text(&read_file(worktree), STATUS_LIMIT, Links::Refuse).ok();
    read.and_then(|read| read.trim().parse().ok()).unwrap_or(0)
}

/// Records that everything up to this number was read. The recorded number never decreases.
///
/// # Errors
///
/// When the file cannot be written.
pub fn mark_read(worktree: &Path, upto: u32) -> Result<(), StatusError> {
    if upto == 0 {
        return Ok(());
    }
    make_folder(worktree)?;
    let _guard = Guard::take(worktree)?;
    if inbox(worktree).read >= upto {
        return Ok(());
    }
    write(&read_file(worktree), &format!("{upto}\n"))
}

fn lines_file(worktree: &Path) -> PathBuf {
    folder(worktree).join(MESSAGES)
}

fn read_file(worktree: &Path) -> PathBuf {
    folder(worktree).join(READ_UP_TO)
}

/// Writes a file so that it is there whole or not at all. The guard lets only one writer at a time do this.
fn write(path: &Path, text: &str) -> Result<(), StatusError> {
    let new = path.with_extension("new");
    let put = || -> io::Result<()> {
        // The present file may be a link to anywhere.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::write(&new, text)?;
        fs::rename(&new, path)
    };
    put().map_err(StatusError::file("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::MessageKind;

    fn message(id: u32) -> Message {
        Message {
            id,
            from: id.is_multiple_of(2).then(|| "auth".parse().unwrap()),
            kind: MessageKind::Conflict,
            text: format!("line one of {id}\nline two"),
            answers: None,
            by_orch: false,
        }
    }

    #[test]
    fn messages_come_once_and_in_order_however_often_they_are_delivered() {
        let worktree = tempfile::tempdir().unwrap();
        let path = worktree.path();
        let all: Vec<Message> = (1..=3).map(message).collect();
        deliver(path, &all).unwrap();
        deliver(path, &all[..1]).unwrap();
        deliver(path, &all).unwrap();
        assert_eq!(
            inbox(path),
            Inbox {
                messages: all,
                read: 0
            }
        );
    }

    #[test]
    fn what_was_read_stays_readable_and_damage_is_mended_by_the_next_delivery() {
        let worktree = tempfile::tempdir().unwrap();
        let path = worktree.path();
        let all: Vec<Message> = (1..=3).map(message).collect();
        deliver(path, &all[..2]).unwrap();
        mark_read(path, 2).unwrap();
        mark_read(path, 1).unwrap();
        deliver(path, &all).unwrap();
        let found = inbox(path);
        assert_eq!(found.unread().collect::<Vec<_>>(), [&all[2]]);
        assert_eq!(found.messages, all);
        fs::write(lines_file(path), "{\"id\": 7").unwrap();
        assert_eq!(inbox(path).messages, []);
        deliver(path, &all).unwrap();
        assert_eq!(inbox(path), found);
    }
}
