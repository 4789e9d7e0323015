//! Which work may begin, and which goes first: gates, dependencies, slots, and the index of ready work.
//!
//! May import `fold` and below.

pub mod admission;
pub(super) mod built_on;
pub(super) mod by_hand;
pub(super) mod dispatch;
pub(super) mod file_turns;
pub(super) mod freeze;
pub(super) mod frontier;
pub(super) mod invariants;
pub(super) mod lanes;
pub(super) mod mutual_dependencies;
pub(super) mod readiness;
pub(super) mod standing;
pub(super) mod undeclared_files;
pub(super) mod wait;
