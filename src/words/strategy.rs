//! Why a phase has its strategy, in words.

use crate::graph::StrategyReason;

/// Why `auto` selected the strategy of a phase.
pub fn strategy_reason(reason: StrategyReason) -> &'static str {
    match reason {
        StrategyReason::NamesDependencies => "its tasks name dependencies",
        StrategyReason::EndsSooner => "its tasks name dependencies, and it ends sooner than with `dag`",
        StrategyReason::DisjointAlone => "it waits for no phase, and its tasks touch different files",
        StrategyReason::DisjointBehind => "its tasks touch different files, and it waits for earlier phases",
        StrategyReason::BeginsEarly => "it may begin before the phases in front of it end",
        StrategyReason::StatedParallel => "its tasks are [PARALLEL]",
        StrategyReason::OrderAlone => "nothing is known but the order of phases",
    }
}
