//! `--strategy` and `--dispatch`: plans arranged otherwise than the manifest says.

use crate::plan::{Dispatch, PlanSet, Strategy};

/// The strategies, as the command line names them.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum StrategyName {
    Auto,
    Batched,
    Pipeline,
    Dag,
    Independent,
}

/// The dispatches, as the command line names them.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum DispatchName {
    Plan,
    Phase,
    Task,
}

/// Gives every plan the strategy and the dispatch that are named; without one, each keeps its own.
pub fn impose(set: &mut PlanSet, strategy: Option<StrategyName>, dispatch: Option<DispatchName>) {
    for plan in &mut set.plans {
        if let Some(strategy) = strategy {
            plan.arrangement.strategy = strategy.into();
        }
        if let Some(dispatch) = dispatch {
            plan.arrangement.dispatch = dispatch.into();
        }
    }
}

impl From<StrategyName> for Strategy {
    fn from(name: StrategyName) -> Self {
        match name {
            StrategyName::Auto => Self::Auto,
            StrategyName::Batched => Self::Batched,
            StrategyName::Pipeline => Self::Pipeline,
            StrategyName::Dag => Self::Dag,
            StrategyName::Independent => Self::Independent,
        }
    }
}

impl From<DispatchName> for Dispatch {
    fn from(name: DispatchName) -> Self {
        match name {
            DispatchName::Plan => Self::Plan,
            DispatchName::Phase => Self::Phase,
            DispatchName::Task => Self::Task,
        }
    }
}
