//! Why a phase has its strategy, in words.

use std::borrow::Cow;

use crate::graph::StrategyReason;

/// Why `auto` selected the strategy of a phase.
pub fn strategy_reason(reason: StrategyReason) -> Cow<'static, str> {
    let fixed = match reason {
        StrategyReason::EndsSooner(than) => return format!("the plan ends sooner than with `{than}`").into(),
        StrategyReason::NamesDependencies => "its tasks name dependencies",
        StrategyReason::DisjointAlone => "it waits for no phase, and its tasks touch different files",
        StrategyReason::DisjointBehind => "its tasks touch different files, and it waits for earlier phases",
        StrategyReason::BeginsEarly => "it may begin before the phases in front of it end",
        StrategyReason::StatedParallel => "its tasks are [PARALLEL]",
        StrategyReason::OrderAlone => "nothing is known but the order of phases",
    };
    fixed.into()
}
