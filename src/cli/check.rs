//! `orch check`

use serde::Serialize;

use crate::journal::SCHEMA;
use crate::plan::{Fault, Faults};
use crate::report::{broken, output_terminal};
use crate::supervisor;

use super::{CliError, Context, Exit, output};

/// Check the manifest and every plan document
///
/// Nothing is created.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {}

/// `orch check --json`
#[derive(Debug, Serialize)]
struct Checked<'a> {
    schema: u32,
    ok: bool,
    faults: &'a Faults,
    /// What is allowed and may not be meant; left out where there is none.
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    warnings: &'a [Fault],
}

/// The plans are in order, and nothing can be done with them here.
fn outside_a_repository(manifest: &std::path::Path) -> Fault {
    let name = manifest.file_name().unwrap_or_default();
    Fault::of_file(name.as_ref(), "this is no git repository")
        .hint("`git init` and a first commit make it one; `orch up` needs that".to_owned())
}

/// Runs the command.
///
/// # Errors
///
/// With every fault that was found.
pub fn run(context: &Context, _: &CheckArgs) -> Result<Exit, CliError> {
    // Without a repository a manifest can still be read and checked.
    let loaded = match context.campaign() {
        Ok(campaign) => {
            let doubts = supervisor::doubts(&campaign, &[])?;
            let mut set = campaign.set;
            set.warnings.extend(doubts);
            Ok(set)
        }
        Err(error) if error.faults().is_none() => {
            let file = match &context.manifest {
                Some(file) => file.clone(),
                None => supervisor::find_manifest(&context.dir, std::path::Path::new("/"))?,
            };
            match supervisor::load(&file) {
                Ok(mut set) if context.repository().is_err() => {
                    set.warnings.push(outside_a_repository(&file));
                    Ok(set)
                }
                Ok(_) => Err(error),
                Err(faults) => Err(faults.into()),
            }
        }
        Err(error) => Err(error),
    };
    match loaded {
        Ok(set) => {
            let doubts = set.plans.iter().flat_map(|plan| set.doubts(plan));
            let mut warnings: Vec<Fault> = set.warnings.iter().cloned().chain(doubts).collect();
            warnings.sort();
            if context.json {
                output::json(&Checked {
                    schema: SCHEMA,
                    ok: true,
                    faults: &Faults::default(),
                    warnings: &warnings,
                })?;
            } else if !context.quiet {
                for warning in &warnings {
                    output::text(&broken(&format!("warning: {warning}\n"), output_terminal()))?;
                }
                let phases: usize = set.plans.iter().map(|plan| plan.document.phases.len()).sum();
                let tasks: usize = set.plans.iter().map(|plan| plan.document.tasks().count()).sum();
                output::text(&format!(
                    "ok: {}, {}, {}\n",
                    output::count(set.plans.len(), "plan"),
                    output::count(phases, "phase"),
                    output::count(tasks, "task")
                ))?;
            }
            Ok(Exit::Done)
        }
        Err(error) => match (context.json, error.faults()) {
            (true, Some(faults)) => {
                output::json(&Checked {
                    schema: SCHEMA,
                    ok: false,
                    faults,
                    warnings: &[],
                })?;
                Ok(Exit::Usage)
            }
            _ => Err(error),
        },
    }
}
