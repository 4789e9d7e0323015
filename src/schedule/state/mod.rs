//! The state of plans, attempts, worktrees and merges, with queries.
//!
//! May import `work` and below.

pub(super) mod after;
pub(super) mod attempt;
pub(super) mod known;
pub(super) mod limits;
pub(super) mod loop_breaker;
pub(super) mod lost;
pub(super) mod open_question;
pub(super) mod parking;
pub(super) mod phase_run;
pub(super) mod plan_change;
pub(super) mod plan_run;
pub(super) mod plan_view;
pub(super) mod resolution;
pub(super) mod review;
pub(super) mod tries;
