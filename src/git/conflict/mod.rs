//! A merge that conflicts: resolving it in a worktree of its own, or repairing it with recorded resolutions and
//! generators.
//!
//! May import `worktree` and below.

pub(super) mod conflict_error;
pub(super) mod conflicted;
pub(super) mod left_open;
pub(super) mod rehearsal;
pub(super) mod repair;

pub use conflicted::{
    abandon_conflict, close_conflict, commit_conflict, conflict_at, keep_conflict, open_conflict,
    settle_conflict, sweep_conflict,
};
pub use rehearsal::rehearse_merge;
pub use repair::{begin_repair, end_repair, has_recorded_resolutions, merged_tree, take_own_side};
