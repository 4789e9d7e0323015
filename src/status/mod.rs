//! Floor 3: the agents' reports about their tasks.
//!
//! The protocol is a folder, `.orch/` in the worktree. [`prepare()`] makes the folder with the plan's document and a
//! first status file. [`read()`] reads both (and the committed document) and turns whatever it finds into a
//! [`Reading`]. [`update()`] changes the status file, safely beside other writers. [`Watcher`] says when to read again.
//! All content is untrusted: trouble becomes a warning in the reading, never an error.
//!
//! [`task_list()`] and [`task_next()`] answer, without touching a file, which tasks there are and which can be worked
//! on.
//!
//! | floor | sub-room | what lives there |
//! |---|---|---|
//! | 2 | `handed` | assignments and closed work |
//! | 2 | `mail` | the inbox and the outbox |
//! | 2 | `tasks` | which tasks there are, and which can be worked on |
//! | 2 | `watcher` | when to read again |
//! | 1 | `report` | reports, read and changed |
//! | 0 | `files` | the files in `.orch/` |
//!
//! A sub-room imports only from lower floors; `tests/architecture.rs` fails otherwise.

mod files;
mod handed;
mod mail;
mod report;
mod tasks;
mod watcher;

pub use files::error::StatusError;
pub use files::file_format::{StatusFile, TaskEntry};
pub use files::folder::reported_in;
pub use files::untrusted::read_plain;
pub use handed::assignment::Assignment;
pub use handed::gates::{ClosedWork, read_gates, write_gates};
pub use mail::inbox::{Inbox, deliver, inbox, mark_read, read_up_to};
pub use mail::mirror::{OUTBOX_FILE, mirror, mirror_outbox};
pub use mail::outbox::{OutboxLine, outbox, post, take_posted};
pub use report::change::Change;
pub use report::prepare::{prepare, prepare_again, prepare_anew, prepare_lane};
pub use report::read::{Reading, read, read_new};
pub use report::ticks::new_ticks;
pub use report::update::{Updated, add_question, is_usable, renew, set_message, update};
pub use tasks::task_list::{ListedSubtask, ListedTask, TaskList, listed_checks, task_list};
pub use tasks::task_next::{BlockedTask, PlannedTasks, ReadyTask, TaskNext, TaskResources, task_next};
pub use watcher::Watcher;
