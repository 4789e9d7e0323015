//! `orch edit`

use crate::plan::{NameError, NewPlan, PlanName, add_plan, remove_plan, set_key};

use super::edit_file::{EditOutcome, edit};
use crate::cli::call::asking::refuse_agents;
use crate::cli::call::{CliError, Context, ProgramExit};

/// Change a key or a plan of plans.toml
///
/// Comments and order stay. A change that `orch check` would refuse is not written.
#[derive(Debug, clap::Args)]
pub struct EditArgs {
    #[command(subcommand)]
    what: EditCommand,
}

#[derive(Debug, clap::Subcommand)]
enum EditCommand {
    /// Set a key, such as plans.auth.priority
    Set(SetArgs),
    /// Add a plan
    Add {
        #[command(subcommand)]
        what: AddCommand,
    },
    /// Remove a plan
    Remove {
        #[command(subcommand)]
        what: RemoveCommand,
    },
}

#[derive(Debug, clap::Args)]
struct SetArgs {
    /// The key, such as run.max_agents
    key: String,
    /// TOML, or a text: 3, true, high, '["auth.phase1"]'
    #[arg(allow_hyphen_values = true)]
    value: String,
    /// Only show the change as a diff
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, clap::Subcommand)]
enum AddCommand {
    /// Add a plan behind the last one
    Plan(AddPlanArgs),
}

#[derive(Debug, clap::Args)]
struct AddPlanArgs {
    /// Name of the plan
    name: String,
    /// Its document [default: plans/NAME.md]
    #[arg(long, value_name = "FILE", conflicts_with = "prompt")]
    file: Option<String>,
    /// Instead of a document: the text of its one task
    #[arg(long, value_name = "TEXT")]
    prompt: Option<String>,
    /// What it waits for, such as auth.phase1@landed
    #[arg(long, value_name = "REFERENCE", value_delimiter = ',')]
    depends: Vec<String>,
    /// Its priority
    #[arg(long, value_name = "PRIORITY")]
    priority: Option<String>,
    /// Its agent
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// Only show the change as a diff
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, clap::Subcommand)]
enum RemoveCommand {
    /// Remove a plan; its document stays
    Plan(RemovePlanArgs),
}

#[derive(Debug, clap::Args)]
struct RemovePlanArgs {
    /// Name of the plan
    name: String,
    /// Only show the change as a diff
    #[arg(long)]
    dry_run: bool,
}

fn outcome(dry_run: bool) -> EditOutcome {
    match dry_run {
        true => EditOutcome::Show,
        false => EditOutcome::Write,
    }
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when the manifest is invalid, or would become invalid.
pub fn run(context: &Context, args: &EditArgs) -> Result<ProgramExit, CliError> {
    refuse_agents("edits the manifest with this command")?;
    match &args.what {
        EditCommand::Set(set) => edit(context, outcome(set.dry_run), None, |text| {
            set_key(text, &set.key, &set.value)
        }),
        EditCommand::Add {
            what: AddCommand::Plan(add),
        } => {
            let name = plan_name(&add.name)?;
            let plan = NewPlan {
                file: match (&add.file, &add.prompt) {
                    (None, None) => Some(format!("plans/{name}.md")),
                    (file, _) => file.clone(),
                },
                prompt: add.prompt.clone(),
                depends: add.depends.clone(),
                priority: add.priority.clone(),
                agent: add.agent.clone(),
            };
            edit(context, outcome(add.dry_run), None, |text| {
                add_plan(text, &name, &plan)
            })
        }
        EditCommand::Remove {
            what: RemoveCommand::Plan(remove),
        } => edit(context, outcome(remove.dry_run), None, |text| {
            remove_plan(text, &remove.name)
        }),
    }
}

fn plan_name(typed: &str) -> Result<PlanName, CliError> {
    let name = typed.parse();
    name.map_err(|error: NameError| CliError::refused(error.to_string()))
}
