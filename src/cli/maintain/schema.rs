//! `orch schema`

use crate::journal::{EvidenceNote, event_schema};
use crate::plan::manifest::manifest_schema;
use crate::status::StatusFile;

use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Print a JSON Schema
#[derive(Debug, clap::Args)]
pub struct SchemaArgs {
    /// Of what
    #[arg(value_enum)]
    what: SchemaFile,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum SchemaFile {
    /// plans.toml
    Manifest,
    /// .orch/status.json
    Status,
    /// One line of orch events --json
    Events,
    /// The note on a landed merge (refs/notes/orch)
    Evidence,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when standard output is closed.
pub fn run(_: &Context, args: &SchemaArgs) -> Result<ProgramExit, CliError> {
    let mut schema = match args.what {
        SchemaFile::Manifest => manifest_schema(),
        SchemaFile::Events => event_schema(),
        SchemaFile::Evidence => EvidenceNote::json_schema(),
        SchemaFile::Status => schemars::schema_for!(StatusFile).to_value(),
    };
    // A schema that somebody keeps only changes with what it says.
    schema.sort_all_objects();
    output::text(&format!("{schema:#}\n"))?;
    Ok(ProgramExit::Done)
}
