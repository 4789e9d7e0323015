//! Floor 3: `.orch/` in a worktree.

mod own_folder;
mod writers;
