//! `orch man`

use anyhow::Context as _;
use std::path::PathBuf;

use clap::Command;

use crate::cli::call::context::relative;
use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Print a manual page
///
/// In troff, for `man -l -`; or write all pages into a folder.
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// Such as `task start` [default: orch itself]
    command: Vec<String>,
    /// Write all pages into this folder
    #[arg(long = "dir", value_name = "DIR", conflicts_with = "command")]
    folder: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when there is no such command, or the pages cannot be written.
pub fn run(context: &Context, program: Command, args: &ManArgs) -> Result<ProgramExit, CliError> {
    let mut cli = program.disable_help_subcommand(true);
    cli.build();
    let cli = with_usage(cli);
    if let Some(dir) = &args.folder {
        let dir = context.dir.join(dir);
        let shown = relative(&dir, &context.dir).display();
        std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {shown}"))?;
        let pages =
            write_all(&cli, &dir).with_context(|| format!("cannot write manual pages into {shown}"))?;
        if !context.quiet {
            output::text(&format!("wrote {pages} pages into {shown}\n"))?;
        }
        return Ok(ProgramExit::Done);
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(named(&cli, &args.command)?.clone())
        .render(&mut page)
        .context("cannot write the manual page")?;
    output::text(&String::from_utf8_lossy(&page))?;
    Ok(ProgramExit::Done)
}

fn named<'c>(cli: &'c Command, path: &[String]) -> Result<&'c Command, CliError> {
    let mut found = cli;
    for word in path {
        found = found.find_subcommand(word).ok_or_else(|| {
            CliError::refused(format!("there is no command `{}`", path.join(" ")))
                .with_hint("`orch help` lists them; for `orch task start` it is `orch man task start`")
        })?;
    }
    Ok(found)
}

/// Writes the pages of a command and its subcommands. Returns their number.
fn write_all(command: &Command, dir: &std::path::Path) -> std::io::Result<usize> {
    let mut pages = 1;
    clap_mangen::Man::new(command.clone()).generate_to(dir)?;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        pages += write_all(sub, dir)?;
    }
    Ok(pages)
}

/// Returns the command with the usage that `--help` shows, because the page's own list of options does not name their
/// values.
fn with_usage(mut command: Command) -> Command {
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim().to_owned();
    command.override_usage(usage).mut_subcommands(with_usage)
}
