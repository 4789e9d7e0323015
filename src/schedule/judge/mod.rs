//! What counts as done: evidence, completion and reports.
//!
//! May import `board` and below.

pub(super) mod added;
pub(super) mod by_hand;
pub(super) mod failure;
pub(super) mod phase_check;
pub(super) mod proof_of;
pub(super) mod reported;
pub(super) mod reporting;
pub(super) mod ticks;
pub(super) mod verdict;
