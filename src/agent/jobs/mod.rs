//! Jobs: their folders, the processes in them, and the end of all of these processes.
//!
//! May import `reader`.

pub(super) mod activity;
pub(super) mod away;
pub(super) mod control_group;
pub(super) mod environment;
pub(super) mod error;
pub(super) mod exit_record;
pub(super) mod extinction;
pub(super) mod folder;
pub(super) mod job;
pub(super) mod job_processes;
pub(super) mod process;
