//! The guard before anything that removes work, and the backups that satisfy it.
//!
//! May import `lock` and below.

pub(super) mod backup;
pub(super) mod came;
pub(super) mod gate;
pub(super) mod goal;
pub(super) mod kept;
pub(super) mod set_aside;
pub(super) mod snapshot;
pub(super) mod stage;
pub(super) mod step;

pub use backup::{backup, backups};
pub use gate::{keep_loose, release_candidates};
pub use kept::{drop_kept, kept, kept_as, kept_files, restore_to_branch, restore_to_worktree};
