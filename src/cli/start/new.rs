//! `orch new`

use anyhow::Context as _;
use std::path::{Path, PathBuf};

use crate::plan::{NameError, NewPlan, PlanName, add_plan, new_plan};
use crate::supervisor::MANIFEST;

use super::edit_file::{EditOutcome, edit};
use super::init::{exists, write_new};
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
    /// A document to copy
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// Add the plan to plans.toml too
    #[arg(long)]
    add: bool,
    /// With --add: what it waits for, such as auth.phase1
    #[arg(long, value_name = "REFERENCE", value_delimiter = ',', requires = "add")]
    depends: Vec<String>,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when the name is invalid, or the document already exists.
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
    let named = match args.add {
        true => Some(context.find_manifest()?),
        false => context.manifest.clone(),
    };
    let folder = match &named {
        Some(manifest) => manifest.parent().unwrap_or(Path::new("")).to_owned(),
        None => context
            .dir
            .ancestors()
            .find(|folder| folder.join(MANIFEST).is_file())
            .unwrap_or(&context.dir)
            .to_owned(),
    };
    let file = folder.join("plans").join(format!("{name}.md"));
    if args.add {
        if file.symlink_metadata().is_ok() {
            return Err(exists(context, &file));
        }
        let plan = NewPlan {
            file: Some(format!("plans/{name}.md")),
            depends: args.depends.clone(),
            ..NewPlan::default()
        };
        return edit(context, EditOutcome::Write, Some((file, text)), |manifest| {
            add_plan(manifest, &name, &plan)
        });
    }
    write_new(context, &file, &text)?;
    if !context.quiet {
        output::text(&format!(
            "next: add this to {MANIFEST}\n\n[plans.{name}]\nfile = \"plans/{name}.md\"\n"
        ))?;
    }
    Ok(ProgramExit::Done)
}
