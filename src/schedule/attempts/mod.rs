//! Attempts from start to end: who gets a slot, what follows from the end, retries, limits and budgets.
//!
//! May import `judge` and below.

pub(super) mod asking;
pub(super) mod backoff;
pub(super) mod budget;
pub(super) mod closing;
pub(super) mod completion;
pub(super) mod failing;
pub(super) mod integrating;
pub(super) mod losing;
pub(super) mod lost_lane;
pub(super) mod needed;
pub(super) mod parking;
pub(super) mod stall;
pub(super) mod starting;
pub(super) mod taking_over;
pub(super) mod unread;
