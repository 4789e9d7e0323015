//! Folds events into the state. The fold is total and tolerant: an event about something unknown changes nothing.
//!
//! May import `state` and below.

pub(super) mod attempt;
pub(super) mod conflict_files;
pub(super) mod merge;
pub(super) mod notice;
pub(super) mod parking;
pub(super) mod phases;
pub(super) mod plan;
pub(super) mod reopening;
pub(super) mod reports;
pub(super) mod resolver;
pub(super) mod resolving;
pub(super) mod run;
pub(super) mod steering;
pub(super) mod work;
pub(super) mod worktree;
