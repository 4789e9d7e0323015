//! An edit of the manifest, checked as a whole before anything is written.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::git::text_diff;
use crate::plan::EditRefusal;
use crate::supervisor::{self, ManifestReading, SourceFiles, SupervisorError};

use super::init::write_new;
use crate::cli::call::context::{no_such_plan, relative};
use crate::cli::call::{CliError, Context, ProgramExit, output};

/// What to do with an edit that passes the check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditOutcome {
    /// Write it.
    Write,
    /// Show it as a diff.
    Show,
}

/// Edits the manifest, and writes a document along with it if one is given.
///
/// # Errors
///
/// Returns an error when the manifest is invalid, or would become invalid. Then nothing is written.
pub fn edit(
    context: &Context,
    outcome: EditOutcome,
    document: Option<(PathBuf, String)>,
    change: impl FnOnce(&str) -> Result<String, EditRefusal>,
) -> Result<ProgramExit, CliError> {
    let manifest = context.find_manifest()?;
    let shown = relative(&manifest, &context.dir).to_owned();
    let check = |files: &SourceFiles| -> Result<(), SupervisorError> {
        let reading = ManifestReading::of(&manifest, files)?;
        supervisor::examine(&context.dir, &manifest, reading).map(drop)
    };
    // A problem of the repository, such as a missing first commit, is not an error in the manifest.
    let before = match check(&SourceFiles::default()) {
        Ok(()) => None,
        Err(error @ (SupervisorError::Diagnostics(_) | SupervisorError::Manifest { .. })) => {
            let why = format!(
                "{} is not valid as it is: correct that first; nothing was written",
                shown.display()
            );
            return Err(CliError::from(error).with_hint(why));
        }
        Err(error) => Some(error.to_string()),
    };
    let bytes =
        crate::status::read_plain(&manifest).with_context(|| format!("cannot read {}", shown.display()))?;
    let old = String::from_utf8(bytes).context("the manifest is not UTF-8")?;
    let new = change(&old).map_err(|refusal| refused(refusal, &shown))?;
    let mut files = SourceFiles::default();
    files.put(&manifest, new.as_str());
    if let Some((path, text)) = &document {
        files.put(path, text.as_str());
    }
    if let Err(error) = check(&files)
        && before != Some(error.to_string())
    {
        return Err(CliError::from(error).with_hint("nothing was written"));
    }
    let diff = text_diff(&shown, &old, &new)?;
    if outcome == EditOutcome::Write {
        if let Some((path, text)) = &document {
            write_new(context, path, text)?;
        }
        if new != old {
            replace(&manifest, &old, &new).with_context(|| format!("cannot write {}", shown.display()))?;
        }
    }
    tell(context, &shown, outcome, &diff)?;
    Ok(ProgramExit::Done)
}

fn tell(context: &Context, shown: &Path, outcome: EditOutcome, diff: &str) -> Result<(), CliError> {
    if context.json {
        return output::json(&serde_json::json!({
            "schema": crate::journal::SCHEMA,
            "changed": !diff.is_empty(),
            "written": outcome == EditOutcome::Write && !diff.is_empty(),
            "diff": diff,
        }));
    }
    match (outcome, diff.is_empty()) {
        (_, true) if context.quiet => Ok(()),
        (_, true) => output::text(&format!("{} says so already\n", shown.display())),
        (EditOutcome::Show, false) => output::text(diff),
        (EditOutcome::Write, false) if context.quiet => Ok(()),
        (EditOutcome::Write, false) => output::text(&format!("changed {}\n", shown.display())),
    }
}

fn refused(refusal: EditRefusal, manifest: &Path) -> CliError {
    match &refusal {
        EditRefusal::Missing(name, names) => {
            let names = names.iter().map(String::as_str);
            no_such_plan(name, &manifest.display().to_string(), names)
        }
        EditRefusal::NoKey(_) | EditRefusal::Kind(..) | EditRefusal::Exists(_) | EditRefusal::NotToml(_) => {
            CliError::refused(refusal.to_string())
        }
    }
}

/// Replaces the old text with the new text atomically, unless somebody saved another text in the meantime. A symbolic link
/// stays a link.
fn replace(manifest: &Path, old: &str, new: &str) -> std::io::Result<()> {
    let file = fs::canonicalize(manifest)?;
    let folder = file.parent().unwrap_or(Path::new("/"));
    let mut beside = tempfile::Builder::new()
        .prefix(".plans-")
        .permissions(file.metadata()?.permissions())
        .tempfile_in(folder)?;
    beside.write_all(new.as_bytes())?;
    beside.as_file().sync_all()?;
    if crate::status::read_plain(&file)? != old.as_bytes() {
        let why = "it was changed meanwhile: run the command again";
        return Err(std::io::Error::other(why));
    }
    beside.persist(&file)?;
    Ok(())
}
