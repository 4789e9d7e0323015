//! Worktrees, including the train's own: creating, preparing and removing them, and verifying in
//! them.
//!
//! May import `command`.

pub(in crate::supervisor) mod build_context;
pub(in crate::supervisor) mod candidate_pool;
pub(in crate::supervisor) mod copy_in;
pub(in crate::supervisor) mod disk;
pub(in crate::supervisor) mod look_again;
pub(in crate::supervisor) mod own_folder;
pub(in crate::supervisor) mod provision;
pub(in crate::supervisor) mod removing;
pub(in crate::supervisor) mod tree_run;
pub(in crate::supervisor) mod worktree;
