//! `orch new`

use anyhow::Context as _;
use std::path::{Path, PathBuf};

use crate::plan::{NameError, PlanName, new_plan};
use crate::supervisor::MANIFEST;

use super::init::write_new;
use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Write a plan document to fill in
///
/// Existing files are never overwritten.
#[derive(Debug, clap::Args)]
pub struct NewArgs {
    /// Name of the plan
    plan: String,
    /// Title of the document [default: the name]
    #[arg(long)]
    title: Option<String>,
    /// A document to copy instead of the built-in one
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
///
/// When the name is not one, or the document is there already.
pub fn run(context: &Context, args: &NewArgs) -> Result<ProgramExit, CliError> {
    let name: PlanName = args
        .plan
        .parse()
        .map_err(|error: NameError| CliError::refused(error.to_string()))?;
    let text = match &args.template {
        None => new_plan(&name, args.title.as_deref()),
        Some(file) => {
            let file = context.dir.join(file);
            let read = crate::status::read_plain(&file).and_then(|bytes| {
                String::from_utf8(bytes).map_err(|_| std::io::Error::other("it is not UTF-8"))
            });
            read.with_context(|| format!("cannot read {}", file.display()))?
        }
    };
    let folder = match &context.manifest {
        Some(manifest) => manifest.parent().unwrap_or(Path::new("")).to_owned(),
        None => context
            .dir
            .ancestors()
            .find(|folder| folder.join(MANIFEST).is_file())
            .unwrap_or(&context.dir)
            .to_owned(),
    };
    write_new(context, &folder.join("plans").join(format!("{name}.md")), &text)?;
    if !context.quiet {
        output::text(&format!(
            "next: add this to {MANIFEST}\n\n[plans.{name}]\nfile = \"plans/{name}.md\"\n"
        ))?;
    }
    Ok(ProgramExit::Done)
}
