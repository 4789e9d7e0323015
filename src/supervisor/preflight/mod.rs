//! Before anything runs: what refuses a run, what it is warned of, and what it would do.
//!
//! May import `doctor` and below.

pub(super) mod checks;
pub(super) mod examination;
pub(super) mod lint;
pub(super) mod plan_lints;
pub(super) mod preview;
pub(super) mod preview_points;
pub(super) mod rehearsal;
pub(super) mod worktree_lints;
