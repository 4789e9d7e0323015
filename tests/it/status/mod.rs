//! Floor 3: `.orch/` in a worktree.

mod callers;
mod own_folder;
mod writers;
