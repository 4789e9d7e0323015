//! Before anything runs: checks that refuse a run, lints, and a preview.
//!
//! May import `doctor` and below.

pub(super) mod checks;
pub(super) mod examination;
pub(super) mod lint;
pub(super) mod milestones;
pub(super) mod outlook;
pub(super) mod plan_lints;
pub(super) mod preview;
mod preview_choices;
pub(super) mod preview_points;
pub(super) mod rehearsal;
pub(super) mod risk_register;
pub(super) mod shared_files;
pub(super) mod worktree_lints;
