//! Floor 3: the agents' reports about their tasks.
//!
//! The protocol is a folder, `.orch/` in the worktree. [`prepare()`] makes the folder with the plan's document and a
//! first status file. [`read()`] reads both (and the committed document) and turns whatever it finds into a
//! [`Reading`]. [`update()`] changes the status file, safely beside other writers. [`Watcher`] says when to read again.
//! All content is untrusted: trouble becomes a warning in the reading, never an error.
//!
//! [`task_list()`] and [`task_next()`] answer, without touching a file, which tasks there are and which can be worked
//! on.

mod assignment;
mod coalescer;
mod edit;
mod entry_state;
mod error;
mod file_format;
mod folder;
mod gates;
mod guard;
mod inbox;
mod mirror;
mod outbox;
mod parse;
mod prepare;
mod read;
mod replace;
mod task_list;
mod task_next;
mod ticks;
mod untrusted;
mod update;
mod warnings;
mod watcher;

pub use assignment::Assignment;
pub use error::StatusError;
pub use file_format::{StatusFile, TaskEntry};
pub use folder::reported_in;
pub use gates::{ClosedWork, read_gates, write_gates};
pub use inbox::{Inbox, deliver, inbox, mark_read, read_up_to};
pub use mirror::{OUTBOX_FILE, mirror, mirror_outbox};
pub use outbox::{OutboxLine, outbox, post, take_posted};
pub use prepare::{prepare, prepare_again, prepare_anew, prepare_lane};
pub use read::{Reading, read, read_new};
pub use task_list::{ListedSubtask, ListedTask, TaskList, listed_checks, task_list};
pub use task_next::{BlockedTask, ReadyTask, TaskNext, task_next};
pub use ticks::new_ticks;
pub use untrusted::read_plain;
pub use update::{Change, FreeText, Updated, is_usable, renew, set_text, update};
pub use watcher::Watcher;
