//! The demo's repository: its location and its files.

use anyhow::Context as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::call::{CliError, Context};
use crate::git::FreshRepository;

/// All files of the repository.
const FILES: &[(&str, &str)] = &[
    ("README.md", include_str!("../../../../templates/demo/README.md")),
    (
        "plans.toml",
        include_str!("../../../../templates/demo/plans.toml"),
    ),
    (
        "plans/auth.md",
        include_str!("../../../../examples/plans/auth.md"),
    ),
    (
        "plans/billing.md",
        include_str!("../../../../examples/plans/billing.md"),
    ),
    (
        "plans/docs.md",
        include_str!("../../../../examples/plans/docs.md"),
    ),
    ("agent.sh", include_str!("../../../../examples/scripted-agent.sh")),
    (".gitignore", "/.worktrees/\n"),
];

/// How long an agent takes for a task, in the manifest.
const DELAY: &str = "SCRIPTED_AGENT_DELAY = \"0.4\"";
/// The same where a person watches, who wants to see something happen.
const WATCHED: &str = "SCRIPTED_AGENT_DELAY = \"1.5\"";

/// Creates the repository, with one commit of all its files on `main`. Returns its folder. Agents take longer when they are watched.
///
/// # Errors
///
/// Returns an error when the folder is not empty, or cannot be written.
pub fn make(context: &Context, into: Option<&Path>, is_watched: bool) -> Result<PathBuf, CliError> {
    let top = match into {
        Some(into) => claim(context, into)?,
        None => tempfile::Builder::new()
            .prefix("orch-demo-")
            .tempdir()
            .context("cannot make a temporary folder")?
            .keep(),
    };
    let top = top
        .canonicalize()
        .with_context(|| format!("cannot enter {}", top.display()))?;
    let repository = FreshRepository::init(&top, "main")?;
    for (name, text) in FILES {
        let path = top.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let text = match is_watched {
            true => text.replace(DELAY, WATCHED),
            false => (*text).to_owned(),
        };
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    repository.commit_all("Begin with three plans")?;
    Ok(top)
}

/// Creates the requested folder if it is missing. Refuses a folder that is not empty.
fn claim(context: &Context, into: &Path) -> Result<PathBuf, CliError> {
    let top = context.dir.join(into);
    fs::create_dir_all(&top).with_context(|| format!("cannot make the folder {}", top.display()))?;
    let mut entries = fs::read_dir(&top).with_context(|| format!("cannot read {}", top.display()))?;
    if entries.next().is_some() {
        return Err(CliError::refused(format!("{} is not empty", into.display()))
            .with_hint("name a folder that is empty or not there yet, or none for a temporary one"));
    }
    Ok(top)
}
