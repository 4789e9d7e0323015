//! `orch` runs many coding agents on one git repository: a worktree and a branch for every plan, scheduling by
//! dependency, and verified merges. See `docs/architecture.md` for the floors; imports go down only.

pub mod agent;
pub mod cli;
pub mod git;
pub mod graph;
pub mod journal;
pub mod plan;
pub mod report;
pub mod schedule;
pub mod status;
pub mod supervisor;
