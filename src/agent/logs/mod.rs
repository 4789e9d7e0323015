//! The log of a job: written within bounds, followed, and its end.
//!
//! May import `jobs` and below.

pub(super) mod line_times;
pub(super) mod log;
pub(super) mod log_follower;
pub(super) mod log_tail;
