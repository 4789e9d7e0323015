//! `orch graph`

use crate::graph::draw::{Picture, View, document, dot, mermaid, svg, text};
use crate::graph::{Durations, Graph, Ranks};
use crate::journal::SCHEMA;
use crate::plan::PlanSet;
use crate::supervisor::Situation;

use super::arrangement::{self, DispatchName, StrategyName};
use crate::cli::call::{CliError, Context, ProgramExit, output};

/// With more tasks than this, pictures show only plans and phases unless `--tasks` is given.
const FEW: usize = 40;

/// Draw the dependencies between plans, phases and tasks
///
/// As text, for graphviz or mermaid, as JSON or as a picture.
#[derive(Debug, clap::Args)]
pub struct GraphArgs {
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Show every task [default: with few tasks, or with --plan]
    #[arg(long)]
    tasks: bool,
    /// Strategy of every plan
    #[arg(long, value_enum, value_name = "S")]
    strategy: Option<StrategyName>,
    /// Dispatch of every plan
    #[arg(long, value_enum, value_name = "D")]
    dispatch: Option<DispatchName>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Dot,
    Mermaid,
    Json,
    Svg,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when the manifest is invalid, or `--plan` names an unknown plan.
pub fn run(context: &Context, args: &GraphArgs) -> Result<ProgramExit, CliError> {
    let mut project = context.project()?;
    let only = match &context.plan {
        Some(name) => {
            let name = context.named(&project, name)?;
            project.set.plans.iter().position(|plan| plan.name == name)
        }
        None => None,
    };
    let durations = Situation::of_journal(&project.dir, &project.set)?.durations;
    arrangement::impose(
        &mut project.set,
        Some(&project.manifest),
        args.strategy,
        args.dispatch,
    )?;
    let set = &project.set;
    let graph = Graph::new(set, &durations);
    let ranks = Ranks::new(&graph, set);
    if context.json || args.format == Format::Json {
        output::json(&document(SCHEMA, set, &graph, &ranks, only))?;
        return Ok(ProgramExit::Done);
    }
    let picture = Picture::new(set, &graph, &ranks, view(set, args.tasks, only));
    output::text(&match args.format {
        Format::Text | Format::Json => text(&picture),
        Format::Dot => dot(&picture),
        Format::Mermaid => mermaid(&picture),
        Format::Svg => svg(&picture),
    })?;
    Ok(ProgramExit::Done)
}

/// The graph of all plans as a picture, with every task when there are few.
pub fn picture(set: &PlanSet, durations: &Durations) -> String {
    let graph = Graph::new(set, durations);
    let ranks = Ranks::new(&graph, set);
    svg(&Picture::new(set, &graph, &ranks, view(set, false, None)))
}

/// What is drawn: every task when that was asked for, for one plan, and when there are few.
fn view(set: &PlanSet, tasks: bool, only: Option<usize>) -> View {
    let count: usize = set.plans.iter().map(|plan| plan.document.tasks().count()).sum();
    View {
        tasks: tasks || only.is_some() || count <= FEW,
        only,
    }
}
