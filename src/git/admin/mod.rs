//! The administration of worktrees: the one lock around it, and the records that `orch` keeps about each worktree.
//!
//! May import `state` and below.

pub(super) mod exclude;
pub(super) mod left;
pub(super) mod main_record;
pub(super) mod spec;
pub(super) mod worktree_admin;
pub(super) mod worktree_record;
