//! Git's own files, read as files: git's records of worktrees, running git commands, and errors.
//!
//! Starts no program, opens no repository, and imports nothing from the other sub-rooms.

pub(super) mod error;
pub(super) mod git_process;
pub(super) mod lock_holder;
pub(super) mod names;
pub(super) mod pipes;
pub(super) mod place;
pub(super) mod reflog;
pub(super) mod registration;
pub(super) mod regular;
pub(super) mod settled_reads;
pub(super) mod text_diff;
pub(super) mod version;
