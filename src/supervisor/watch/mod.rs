//! Watchers beside the loop.
//!
//! May import `desk` and below.

pub(super) mod attached;
pub(super) mod conflict_watch;
pub(super) mod displaced;
pub(super) mod file_watch;
pub(super) mod hand_landings;
pub(super) mod live_edit;
pub(super) mod machine;
pub(super) mod obstacles;
pub(super) mod pins;
pub(super) mod slow_git;
pub(super) mod spending;
pub(super) mod stray_writes;
pub(super) mod watching;
