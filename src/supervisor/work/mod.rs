//! Running work: worktrees, reports, verifications and landings.
//!
//! May import `desk` and below.

pub(super) mod land_gate;
pub(super) mod resolving;
#[allow(unsafe_code, reason = "a descriptor is watched that is closed elsewhere")]
pub(super) mod runners;
pub(super) mod stall_watch;
pub(super) mod status_feed;
pub(super) mod train;
pub(super) mod verifying;
pub(super) mod worktree_queue;
