//! `--strategy` and `--dispatch`: override the arrangement in the manifest.

use std::path::Path;

use crate::plan::{Dispatch, Document, PlanSet, Strategy};
use crate::supervisor::{SupervisorError, check_cycles};

use crate::cli::call::CliError;

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
    Auto,
}

/// Gives every plan the named strategy and dispatch. Without one, each plan keeps its own. `manifest` is the file that
/// diagnostics name. Generated plans have no manifest, and no cycle.
///
/// # Errors
///
/// Returns an error when the new arrangement makes plans wait for themselves.
/// When plans so arranged wait for themselves in the end.
pub fn impose(
    set: &mut PlanSet,
    manifest: Option<&Path>,
    strategy: Option<StrategyName>,
    dispatch: Option<DispatchName>,
) -> Result<(), CliError> {
    for plan in &mut set.plans {
        if let Some(strategy) = strategy {
            plan.arrangement.set_strategy(strategy.into());
        }
        if let Some(dispatch) = dispatch {
            plan.arrangement.dispatch = dispatch.of(&plan.document);
        }
    }
    match manifest.and_then(Path::file_name) {
        Some(name) if strategy.is_some() || dispatch.is_some() => {
            let diagnostics = check_cycles(set, Path::new(name));
            Ok(diagnostics.map_err(SupervisorError::from)?)
        }
        _ => Ok(()),
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

impl DispatchName {
    fn of(self, document: &Document) -> Dispatch {
        match self {
            Self::Plan => Dispatch::Plan,
            Self::Phase => Dispatch::Phase,
            Self::Task => Dispatch::Task,
            Self::Auto => Dispatch::of_document(document),
        }
    }
}
