//! Steps that `orch` takes in a worktree that is there: committing leftovers, merging dependencies in, following submodules; and
//! taking a step back that was interrupted.
//!
//! May import `refs` and below.

pub(super) mod clones;
pub(super) mod cut_step;
pub(super) mod displaced;
pub(super) mod half_way;
pub(super) mod leftovers;
pub(super) mod merge_in;
pub(super) mod node_work;
pub(super) mod submodule;

pub use displaced::restore_displaced;
