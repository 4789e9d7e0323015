//! A merge that conflicts: resolved in a worktree of its own, or made by recorded resolutions and generators.
//!
//! May import `worktree` and below.

pub(super) mod conflict_error;
pub(super) mod conflicted;
pub(super) mod left_open;
pub(super) mod mend;
pub(super) mod rehearsal;
