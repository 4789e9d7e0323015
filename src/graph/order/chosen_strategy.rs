//! The strategy of a phase, and why it was chosen.

use crate::plan::Strategy;

/// The strategy of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChosenStrategy {
    /// The strategy; never `auto`.
    pub strategy: Strategy,
    /// Why `auto` chose this strategy, or `None` when the strategy was written down.
    pub why: Option<StrategyReason>,
}

/// Why `auto` chose a strategy for a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StrategyReason {
    /// The phase's tasks name dependencies.
    NamesDependencies,
    /// The plan ends sooner than with this strategy, which what the phase says would lead to.
    EndsSooner(Strategy),
    /// The phase waits for no other phase, and its tasks touch different files.
    DisjointAlone,
    /// The phase waits for other phases, and its tasks touch different files.
    DisjointBehind,
    /// The phase may start before the earlier phases end.
    BeginsEarly,
    /// Tasks of the phase are `[PARALLEL]`.
    StatedParallel,
    /// Nothing is known except the order of phases.
    OrderAlone,
}
