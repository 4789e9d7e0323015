//! The inbox and the outbox in a worktree, and the copies of them from other machines.
//!
//! May import `report` and below.

pub(super) mod inbox;
pub(super) mod mirror;
pub(super) mod outbox;
