//! Requests of people while plans run.
//!
//! May import `explain` and below.

pub(super) mod answer;
pub(super) mod attach;
pub(super) mod command;
pub(super) mod mail;
pub(super) mod redo;
pub(super) mod refusal;
pub(super) mod remark;
pub(super) mod review;
pub(super) mod steering;
