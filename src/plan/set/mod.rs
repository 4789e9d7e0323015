//! The plans in force, with their agents and settings.
//!
//! May import `prompt`, `markdown` and below.

pub(super) mod agent;
pub(super) mod arrangement;
pub(super) mod call;
pub(super) mod currency;
pub(super) mod executor;
pub(super) mod fallback;
pub(super) mod job_needs;
pub(super) mod lint;
pub(super) mod login;
pub(super) mod milestone;
pub(super) mod plan_set;
pub(super) mod preset;
pub(super) mod report;
pub(super) mod setup;
pub(super) mod stall;
