//! `orch` runs many coding agents on one git repository: a worktree and a branch for every plan, scheduling by
//! dependency, and verified merges. See `docs/architecture.md` for the floors; imports go down only.

#[allow(clippy::disallowed_methods, reason = "above the functional core")]
pub mod agent;
#[allow(clippy::disallowed_methods, reason = "above the functional core")]
pub mod cli;
#[allow(clippy::disallowed_methods, reason = "above the functional core")]
pub mod executor;
#[allow(clippy::disallowed_methods, reason = "it is there to meet the world in tests")]
pub mod failpoint;
#[allow(clippy::disallowed_methods, reason = "above the functional core")]
pub mod git;
pub mod graph;
#[allow(clippy::disallowed_methods, reason = "above the functional core")]
pub mod journal;
#[allow(clippy::disallowed_methods, reason = "above the functional core")]
pub mod lsp;
pub mod plan;
#[allow(clippy::disallowed_methods, reason = "above the functional core")]
pub mod report;
pub mod schedule;
#[allow(clippy::disallowed_methods, reason = "above the functional core")]
pub mod serve;
#[allow(clippy::disallowed_methods, reason = "above the functional core")]
pub mod status;
#[allow(clippy::disallowed_methods, reason = "above the functional core")]
pub mod supervisor;
#[allow(clippy::disallowed_methods, reason = "above the functional core")]
pub mod top;
pub mod words;
