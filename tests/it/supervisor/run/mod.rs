//! `orch up` from `plans.toml` to branches: starts, worktrees, trouble, kills.

mod ahead;
mod completion;
mod file_turns;
mod places;
mod removed;
mod repositories;
mod resume;
mod retries;
mod seed;
mod setup;
mod setup_trouble;
mod survival;
mod tasks;
mod trouble;
mod wait;
