//! `orch init`

use anyhow::Context as _;
use std::path::Path;

use crate::plan::manifest::manifest_schema;
use crate::plan::{init_manifest, new_plan};
use crate::supervisor::{self, MANIFEST};

use crate::cli::call::context::relative;
use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Write a commented plans.toml and a first plan document
///
/// Existing files are never overwritten.
#[derive(Debug, clap::Args)]
pub struct InitArgs {}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when there is already a manifest, or the files cannot be written.
pub fn run(context: &Context, _: &InitArgs) -> Result<ProgramExit, CliError> {
    let manifest = context
        .manifest
        .clone()
        .unwrap_or_else(|| context.dir.join(MANIFEST));
    write_new(context, &manifest, init_manifest())?;
    let home = manifest.parent().unwrap_or(Path::new(""));
    write_schema(home).context("cannot write the schema of plans.toml")?;
    let example = home.join("plans/example.md");
    let name = "example"
        .parse()
        .map_err(|error: crate::plan::NameError| CliError::refused(error.to_string()))?;
    if !example.exists() {
        write_new(context, &example, &new_plan(&name, None))?;
    }
    if context.repository().is_err() {
        anstream::eprintln!(
            "warning: this is no git repository: `git init` and a first commit make it one; `orch up` needs that"
        );
    }
    if !context.quiet {
        let found = supervisor::doctor::installed_agents();
        if let Some(first) = found.first() {
            output::text(&format!(
                "on PATH: {}; `agent = \"{first}\"` in [run] selects it (`orch doctor` says more)\n",
                found.join(", ")
            ))?;
        }
        output::text("next: edit both, `orch check`, then `orch up`\n")?;
    }
    Ok(ProgramExit::Done)
}

/// Writes the schema that the manifest's first line names for editors, into a folder that git ignores.
fn write_schema(home: &Path) -> std::io::Result<()> {
    let folder = home.join(crate::git::ORCH_DIR);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(
        folder.join("plans.schema.json"),
        format!("{:#}\n", manifest_schema()),
    )?;
    match std::fs::File::create_new(folder.join(".gitignore")) {
        Ok(mut file) => std::io::Write::write_all(&mut file, b"*\n"),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Writes a new file and its folders, and reports it. Refuses an existing file.
pub fn write_new(context: &Context, path: &Path, text: &str) -> Result<(), CliError> {
    use std::io::Write;
    let shown = relative(path, &context.dir).display();
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mut file = match std::fs::File::create_new(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(exists(context, path));
        }
        made => made.with_context(|| format!("cannot write {shown}"))?,
    };
    file.write_all(text.as_bytes())
        .with_context(|| format!("cannot write {shown}"))?;
    if !context.quiet {
        output::text(&format!("wrote {shown}\n"))?;
    }
    Ok(())
}

/// Creates the error for an existing file.
pub fn exists(context: &Context, path: &Path) -> CliError {
    CliError::refused(format!(
        "{} already exists and is not overwritten",
        relative(path, &context.dir).display()
    ))
}
