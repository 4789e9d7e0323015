//! Running the git program: its command line, its environment, its version, and the mark by which `orch` recognizes its
//! own commands.
//!
//! May import `files`.

pub(super) mod again;
pub(super) mod command;
pub(super) mod fresh;
pub(super) mod mark;
pub(super) mod merge_rules;
pub(super) mod require;
pub(super) mod shared_hooks;
pub(super) mod worktree_settings;
