//! Worktrees made, filled, repaired, surveyed and removed.
//!
//! May import `step` and below.

pub(super) mod add;
pub(super) mod broken_index;
pub(super) mod ensure;
pub(super) mod keep_reason;
pub(super) mod lane;
pub(super) mod populate;
pub(super) mod removal;
pub(super) mod repair;
pub(super) mod scour;
pub(super) mod survey;
pub(super) mod wanted;
