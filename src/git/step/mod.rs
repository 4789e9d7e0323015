//! Steps of `orch` in an existing worktree: committing leftovers, merging dependencies in, following submodules; and
//! undoing an interrupted step.
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
